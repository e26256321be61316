// What a citizen does, on a computer and on a phone, with scripts and without: chooses what to report, makes a mistake and
// loses nothing by it, sends it with a photo, follows it; reads what is public.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { axe, launch, open, overflow, settled, shot } from './browser.mjs'
import { missing, startDemo } from './demo.mjs'

const picture = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64')
const moment = /\d{4}年\d{1,2}月\d{1,2}日 \d{2}:\d{2}/

describe('the portal', { skip: missing() }, () => {
  let browser, demo
  before(async () => { [browser, demo] = await Promise.all([launch(), startDemo()]) })
  after(async () => { await browser?.close(); await demo?.stop() })

  async function judge(page, name, scripts) {
    await shot(page, `portal-${name}`)
    assert.deepEqual(page.trouble, { csp: [], foreign: [], errors: [] }, name)
    assert.ok((await overflow(page)) <= 0, `${name} scrolls sideways by ${await overflow(page)}`)
    assert.doesNotMatch(await page.textContent('main'), /\d{4}-\d{2}-\d{2}|T\d{2}:\d{2}|portal\.|undefined|<nil>/, name) // nothing raw
    if (!scripts) return
    await settled(page)
    assert.deepEqual(await axe(page), [], name)
  }

  for (const size of ['wide', 'narrow']) {
    for (const scripts of [true, false]) {
      it(`reports, mends, sends and follows; ${size}, ${scripts ? 'with' : 'without'} scripts`, async () => {
        const page = await open(browser, demo.base, { size, javaScriptEnabled: scripts })
        await page.goto('/')
        await judge(page, `home-${size}`, scripts)
        await page.getByRole('link', { name: '我要反映', exact: true }).first().click()
        await judge(page, `choose-${size}`, scripts)
        await page.locator('main').getByRole('link', { name: /城管案件/ }).click()
        await judge(page, `form-${size}`, scripts)
        await page.selectOption('#category', 'E0102')
        await page.fill('#detail', '垃圾堆在路口（演示）')
        await page.selectOption('#place_village', { index: 2 })
        const village = await page.inputValue('#place_village')
        await page.fill('#place_address', '演示街 3 号')
        await page.setInputFiles('#photos', { name: '现场.png', mimeType: 'image/png', buffer: picture })
        await page.fill('#reporter', '演示群众')
        await page.fill('#phone', '12')
        await page.locator('main button[type=submit]').click()
        await page.getByRole('alert').waitFor()
        assert.match(await page.getByRole('alert').textContent(), /联系电话：/)
        await judge(page, `wrong-${size}`, scripts)
        assert.deepEqual(
          await Promise.all(['#category', '#detail', '#place_village', '#place_address', '#reporter', '#phone'].map((id) => page.inputValue(id))),
          ['E0102', '垃圾堆在路口（演示）', village, '演示街 3 号', '演示群众', '12'],
        )
        assert.equal(await page.locator('input[name="photos_kept"]:checked').count(), 1)
        await page.getByRole('alert').getByRole('link', { name: /联系电话/ }).click()
        assert.equal(await page.evaluate(() => document.querySelector(':target')?.id), 'phone')
        await page.fill('#phone', '13900000001')
        await page.locator('main button[type=submit]').click()
        await page.locator('.number').waitFor()
        const number = (await page.textContent('.number')).trim()
        assert.match(number, /^\d{15,}$/)
        await judge(page, `done-${size}`, scripts)
        const { items } = await demo.get('urban.acceptor', `/records/urban.case?q=${number}`)
        const made = items.find((r) => r.number === number)
        assert.deepEqual(made.photos.map((p) => p.name), ['现场.png'])
        await page.locator('main').getByRole('link').click()
        assert.match(await page.textContent('main'), moment)
        assert.match(await page.textContent('main'), /待受理/)
        await judge(page, `track-${size}`, scripts)
        await page.goto('/track?number=1')
        assert.match(await page.getByRole('alert').textContent(), /没有找到这个编号/)
        await judge(page, `unknown-${size}`, scripts)
        await page.context().close()
      })
    }

    it(`shows what is public; ${size}`, async () => {
      const page = await open(browser, demo.base, { size })
      await page.goto('/')
      const lists = await page.locator('a[href^="/public/"]').evaluateAll((all) => all.map((a) => a.getAttribute('href')))
      assert.ok(lists.length > 2)
      for (const path of lists) {
        await page.goto(path)
        await judge(page, `list${path.replaceAll('/', '-')}-${size}`, true)
        const one = page.locator('.list a').first()
        if (await one.count()) {
          await one.click()
          await judge(page, `one${path.replaceAll('/', '-')}-${size}`, true)
        }
      }
      await page.context().close()
    })
  }

  it('asks for everything missing at once, and knows the place by the village', async () => {
    const page = await open(browser, demo.base)
    await page.goto('/report?type=urban.case')
    await page.locator('form').evaluate((form) => { form.noValidate = true })
    await page.locator('main button[type=submit]').click()
    const said = await page.getByRole('alert').textContent()
    for (const label of ['问题描述', '位置']) assert.match(said, new RegExp(`${label}：`))
    await page.context().close()
  })
})
