// The pages of pages.json on a living demo: no axe violation, no policy message, no foreign request, no script error, no
// sideways scrolling; wide and narrow.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { axe, launch, open, overflow, ready, settled, shot } from './browser.mjs'
import { missing, signIn, startDemo } from './demo.mjs'

const pages = JSON.parse(readFileSync(new URL('./pages.json', import.meta.url), 'utf8'))

describe('pages', { skip: missing() }, () => {
  let browser, demo
  before(async () => { [browser, demo] = await Promise.all([launch(), startDemo()]) })
  after(async () => { await browser?.close(); await demo?.stop() })

  /** {type} in a path becomes the id of the newest record of that type. */
  async function address(path) {
    const type = /\{([\w.]+)\}/.exec(path)?.[1]
    if (!type) return path
    const pack = { 'urban.case': 'urban.duty_chief', 'county.event': 'county.centre' }[type]
    const { items } = await demo.get(pack, `/records/${type}?limit=1`)
    return path.replace(`{${type}}`, items[0].id)
  }

  for (const size of ['wide', 'narrow', 'zoomed']) { // zoomed: 1280 at 400 %
    for (const p of pages) {
      it(`${p.name}, ${size}`, async () => {
        const page = await open(browser, demo.base, { size })
        if (p.role) await signIn(page, demo.by(p.role))
        await page.goto(await address(p.path))
        if (p.ready) await ready(page)
        await settled(page)
        await shot(page, `page-${p.name}-${size}`)
        const failed = p.name === 'forbidden' ? [] : await page.locator('[data-problem]').allTextContents()
        assert.deepEqual(failed, [])
        assert.deepEqual(page.trouble, { csp: [], foreign: [], errors: [] })
        if (size !== 'zoomed') assert.deepEqual(await axe(page), []) // the same page again, only narrower
        assert.ok((await overflow(page)) <= 0, `scrolls sideways by ${await overflow(page)}`)
        await page.context().close()
      })
    }
  }
})
