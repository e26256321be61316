// The map: cases stand there in the colour of their state and open by click; the list beside it does the same by keyboard.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { axe, launch, open, ready, settled, shot } from './browser.mjs'
import { missing, signIn, startDemo } from './demo.mjs'

describe('the map', { skip: missing() }, () => {
  let browser, demo
  before(async () => { [browser, demo] = await Promise.all([launch(), startDemo()]) })
  after(async () => { await browser?.close(); await demo?.stop() })

  /** The colour drawn at a point of the window, as a page reads it from a picture of itself. */
  async function colourAt(page, x, y) {
    const picture = (await page.screenshot()).toString('base64')
    const reader = await browser.newPage()
    const colour = await reader.evaluate(async ({ picture, x, y }) => {
      const image = new Image()
      image.src = 'data:image/png;base64,' + picture
      await image.decode()
      const canvas = document.createElement('canvas')
      canvas.width = image.width
      canvas.height = image.height
      const context = canvas.getContext('2d')
      context.drawImage(image, 0, 0)
      return '#' + [...context.getImageData(x, y, 1, 1).data.slice(0, 3)].map((n) => n.toString(16).padStart(2, '0')).join('')
    }, { picture, x: Math.round(x), y: Math.round(y) })
    await reader.close()
    return colour
  }

  it('shows a case in the colour of its state, and opens it by click', async () => {
    const page = await open(browser, demo.base, { size: { width: 1440, height: 900 } })
    await signIn(page, demo.by('urban.duty_chief'))
    const { items } = await demo.get('urban.duty_chief', '/records/urban.case?limit=1&filter=' + encodeURIComponent('state = "handling"'))
    const [target] = items
    await page.goto(`/desk/map?type=urban.case&id=${target.id}&at=${target.place.lon},${target.place.lat}`)
    await ready(page)
    const box = await page.locator('[data-map] canvas').boundingBox()
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
    const key = await page.locator('.legend li', { hasText: '处置中' }).locator('circle').getAttribute('fill')
    assert.equal(await colourAt(page, x, y), key)
    await shot(page, 'map-case')
    await page.mouse.click(x, y)
    const hit = page.locator('.hit')
    await hit.waitFor()
    assert.match(await hit.textContent(), /处置中/)
    await hit.getByRole('link').click()
    await page.waitForURL(/list\/urban\.case\/[0-9a-f-]{36}$/)
    await ready(page)
    assert.equal(await page.locator('[data-state]').first().textContent(), '处置中')
    assert.deepEqual(page.trouble, { csp: [], foreign: [], errors: [] })
    await page.context().close()
  })

  it('is walked by keyboard: the list moves the map and opens the case', async () => {
    const page = await open(browser, demo.base, { size: { width: 1440, height: 900 } })
    await signIn(page, demo.by('urban.duty_chief'))
    await page.goto('/desk/map')
    await ready(page)
    const first = page.locator('.found li').first()
    await first.waitFor()
    await first.getByRole('button').focus()
    await page.keyboard.press('Enter')
    await page.locator('.found li.chosen').waitFor()
    const number = /\d{15,}/.exec(await page.locator('.found li.chosen').textContent())[0]
    await settled(page)
    assert.deepEqual(await axe(page), [])
    await page.locator('.found li.chosen').getByRole('button').focus()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForURL(/list\/urban\.case\//)
    await ready(page)
    assert.match(await page.textContent('main'), new RegExp(number))
    await page.context().close()
  })
})
