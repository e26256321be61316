// One case through the whole office in the browser: a citizen reports without JavaScript, eight people handle it on the
// desk, the citizen follows it; a stranger is refused; the story, the history and the evidence are there at the end.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { choose, launch, open, ready, shot } from './browser.mjs'
import { missing, signIn, startDemo } from './demo.mjs'

const detail = '路边成堆生活垃圾，有异味（演示）'
const picture = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64')

describe('a case from the street to the archive', { skip: missing() }, () => {
  let browser, demo, number, id
  before(async () => { [browser, demo] = await Promise.all([launch(), startDemo()]) })
  after(async () => { await browser?.close(); await demo?.stop() })

  /** A page of a person, on the case. */
  async function at(role, where) {
    const page = await open(browser, demo.base)
    await signIn(page, demo.by(role, where))
    await page.goto(`/desk/list/urban.case/${id}`)
    await ready(page)
    return page
  }
  async function leave(page) {
    assert.deepEqual(page.trouble, { csp: [], foreign: [], errors: [] })
    await page.context().close()
  }
  /** Gives the outcome, fills what `fill` fills, and waits until the dialog is gone. */
  async function give(page, outcome, fill) {
    await page.click(`[data-outcome="${outcome}"]`)
    await page.waitForSelector('.el-dialog', { state: 'visible' })
    if (fill) await fill(page)
    await page.locator('.el-dialog__footer .el-button--primary').click()
    await page.waitForSelector('.el-dialog', { state: 'hidden' }).catch(async (cause) => {
      throw new Error(`${outcome}: ${await page.locator('.el-dialog').textContent()}`, { cause })
    })
    await ready(page)
  }
  const state = (page) => page.locator('[data-state]').first().textContent()
  const area = async () => (await demo.get('urban.acceptor', `/records/urban.case/${id}`)).area

  it('a citizen reports without JavaScript', async () => {
    const page = await open(browser, demo.base, { size: 'narrow', javaScriptEnabled: false })
    await page.goto('/report?type=urban.case')
    await page.selectOption('#category', 'E0102')
    await page.fill('#detail', detail)
    await page.selectOption('#place_village', { index: 1 })
    await page.fill('#place_address', '演示街12号')
    await page.setInputFiles('#photos', { name: '现场.png', mimeType: 'image/png', buffer: picture })
    await page.fill('#reporter', '演示群众')
    await page.fill('#phone', '13900000000')
    await page.click('main button[type=submit]')
    await page.waitForLoadState()
    number = /\d{15,}/.exec(await page.textContent('main'))?.[0]
    assert.ok(number, await page.textContent('main'))
    await shot(page, 'walk-reported')
    const found = await demo.get('urban.acceptor', `/records/urban.case?q=${number}`)
    id = found.items.find((r) => r.number === number)?.id
    assert.ok(id)
    await leave(page)
  })

  it('the acceptor finds it among the tasks, sees the photo and accepts', async () => {
    const page = await open(browser, demo.base)
    await page.goto('/desk/sign-in')
    await ready(page)
    await page.click(`[data-username="${demo.by('urban.acceptor').username}"]`) // one click in the demo
    await page.waitForURL('**/desk/tasks')
    await page.goto('/desk/tasks?scope=pool')
    await ready(page)
    await page.locator('tr', { hasText: number }).getByRole('button', { name: /签收/ }).click()
    await page.waitForURL(`**/list/urban.case/${id}`)
    await ready(page)
    assert.match(await page.locator('[data-fact="detail"]').textContent(), /路边成堆生活垃圾/)
    assert.equal(await page.locator('[data-fact="photos"] img').count(), 1)
    await give(page, 'accept')
    assert.equal(await state(page), '待核实')
    await leave(page)
  })

  it('two collectors of the area want it; the slower one is told who was faster', async () => {
    const path = await area()
    const collector = demo.accounts.find((a) => a.role === 'urban.collector' && path.startsWith(a.area))
    if (!collector) return assert.fail(`no collector for ${path}`)
    const page = await at('urban.collector', (a) => a === collector)
    const slow = await at('urban.collector', (a) => a === collector)
    await give(page, 'confirm', (p) => p.fill('#act-verify_note', '属实，约两方'))
    assert.equal(await state(page), '待立案')
    if (await slow.locator('[data-outcome="confirm"]').count()) { // it may have been refreshed by the server's event already
      await slow.click('[data-outcome="confirm"]')
      await slow.locator('.el-dialog__footer .el-button--primary').click()
      await slow.locator('.el-dialog [role="alert"]').waitFor()
      assert.match(await slow.locator('.el-dialog [role="alert"]').textContent(), /内容已变化[\s\S]*已由 .+ 办理/)
      await shot(slow, 'walk-conflict')
      await slow.locator('.el-dialog__footer .el-button').first().click()
      await slow.locator('[data-state][data-value="registering"]').waitFor() // closed, the page behind it is fresh
    }
    await leave(page)
    await slow.context().close()
  })

  it('the chief cannot register without the condition, then registers', async () => {
    const page = await at('urban.duty_chief')
    await page.click('[data-outcome="register"]')
    await page.locator('.el-dialog__footer .el-button--primary').click()
    await page.locator('.el-dialog [role="alert"]').waitFor()
    assert.match(await page.locator('.el-dialog [role="alert"]').textContent(), /立案条件/)
    await choose(page, 'act-condition', '暴露垃圾 / 成堆成片')
    await page.locator('.el-dialog__footer .el-button--primary').click()
    await page.waitForSelector('.el-dialog', { state: 'hidden' })
    await ready(page)
    assert.equal(await state(page), '待派遣')
    await leave(page)
  })

  it('the dispatcher sends it to the cleaning centre', async () => {
    const page = await at('urban.dispatcher')
    await give(page, 'dispatch', (p) => choose(p, 'act-unit', '环境卫生中心'))
    assert.equal(await state(page), '处置中')
    await leave(page)
  })

  it('a stranger is refused and told what to do', async () => {
    const page = await open(browser, demo.base)
    await signIn(page, demo.by('livelihood.clerk'))
    await page.goto(`/desk/list/urban.case/${id}`)
    await page.waitForSelector('[data-problem]')
    assert.match(await page.locator('[data-problem]').getAttribute('data-problem'), /forbidden|missing/)
    assert.match(await page.textContent('[data-problem]'), /追踪号 \w+/)
    await leave(page)
  })

  it('the handler must say what was done, with a photo', async () => {
    const page = await at('urban.handler', (a) => a.org.includes('hwzx'))
    await give(page, 'done', async (p) => {
      await p.fill('#act-handle_note', '已清运并冲洗')
      await p.setInputFiles('#act-photos_after', { name: '处置后.png', mimeType: 'image/png', buffer: picture })
      await p.locator('.el-dialog img[alt="处置后.png"]').waitFor()
    })
    await leave(page)
  })

  it('feedback, inspection and closing follow', async () => {
    const dispatcher = await at('urban.dispatcher')
    assert.equal(await state(dispatcher), '待反馈')
    await give(dispatcher, 'pass')
    await leave(dispatcher)
    const path = await area()
    const collector = await at('urban.collector', (a) => path.startsWith(a.area))
    await give(collector, 'pass', (p) => p.fill('#act-inspect_note', '现场已清理'))
    await leave(collector)
    const chief = await at('urban.duty_chief')
    assert.equal(await state(chief), '待结案')
    await give(chief, 'fixed', async (p) => {
      await p.fill('#act-reply', '已清运，感谢反映')
      await p.locator('[data-field="may_reopen"]').getByText('是', { exact: true }).click()
      await p.getByRole('button', { name: '同意。' }).click()
    })
    assert.equal(await state(chief), '已结案')
    await shot(chief, 'walk-closed')
    await leave(chief)
  })

  it('story, history, flow picture and evidence tell it all', async () => {
    const page = await at('urban.duty_chief')
    const story = await page.locator('.story').textContent()
    for (const step of ['受理', '核实', '立案', '任务派遣', '处置', '处理反馈', '核查', '结案']) assert.match(story, new RegExp(step))
    await page.getByText('变更记录').click()
    await page.locator('.change').nth(3).waitFor()
    await page.getByText('流程图').click()
    await page.locator('.strip li').first().waitFor()
    await shot(page, 'walk-story')
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '存证证明' }).click()])
    const proof = JSON.parse(readFileSync(await file.path(), 'utf8'))
    assert.equal(proof.format, 'chengshu-proof/1')
    assert.ok(proof.entries.length > 8 && proof.checkpoint)
    await leave(page)
  })

  it('the citizen follows it by number and telephone', async () => {
    const page = await open(browser, demo.base, { size: 'narrow', javaScriptEnabled: false })
    await page.goto(`/track?number=${number}&phone=13900000000`)
    assert.match(await page.textContent('main'), /已清运，感谢反映|已结案/)
    await shot(page, 'walk-track')
    await leave(page)
  })
})
