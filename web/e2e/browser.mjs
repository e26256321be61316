// Launches the system's Chromium and watches every page: policy messages, foreign requests, errors of scripts.
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const require = createRequire(import.meta.url)
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
const shots = new URL('./shots/', import.meta.url).pathname
mkdirSync(shots, { recursive: true })

/** A bound for what never comes, far beyond what a busy machine needs: nothing waits for it to pass. */
export const patience = 45_000
/** The browser itself writes down answers that tests provoke on purpose. */
const refusal = /^Failed to load resource: (the server responded with a status of 4\d\d|net::ERR_INTERNET_DISCONNECTED)/
export const sizes = { wide: { width: 1280, height: 900 }, narrow: { width: 390, height: 844 }, zoomed: { width: 320, height: 640 } }

/** The real binary: /usr/bin/chromium is a shell wrapper. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHENGSHU_CHROMIUM ?? '/usr/lib/chromium/chromium',
    headless: true,
    env: { ...process.env, LANGUAGE: 'zh_CN' },
    args: ['--no-sandbox', '--lang=zh-CN', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist'],
  })
}

/** A new page in a context of its own; what goes wrong on it is collected in `page.trouble`. */
export async function open(browser, base, { size = 'wide', ...options } = {}) {
  const context = await browser.newContext({
    locale: 'zh-CN', timezoneId: 'Asia/Shanghai', viewport: sizes[size] ?? size, baseURL: base, acceptDownloads: true, reducedMotion: 'reduce', ...options,
  })
  context.setDefaultTimeout(patience)
  const page = await context.newPage()
  page.trouble = { csp: [], foreign: [], errors: [] }
  page.on('console', (message) => {
    const text = message.text()
    if (/Content Security Policy|Refused to/i.test(text)) page.trouble.csp.push(text)
    else if (message.type() === 'error' && !refusal.test(text)) page.trouble.errors.push(text)
  })
  page.on('pageerror', (error) => page.trouble.errors.push(String(error.stack ?? error)))
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(base) && !url.startsWith('data:') && !url.startsWith('blob:')) page.trouble.foreign.push(url)
  })
  page.on('dialog', (dialog) => dialog.accept())
  return page
}

/** Opens a select by its id and takes an option. */
export async function choose(page, id, option) {
  await page.locator(`#${id}`).locator('xpath=ancestor::div[contains(@class,"el-select__wrapper")]').click()
  await page.locator('.el-select-dropdown__item:visible', { hasText: option }).first().click()
}

/** Types a name into a search box of a dialog and takes what it finds. A dialog that is still opening takes the focus away and closes the list: as a person would, it is then typed again. */
export async function search(page, id, name) {
  const option = page.locator('.el-select-dropdown__item:visible', { hasText: name }).first()
  for (let tries = 1; ; tries++) {
    await settled(page)
    await page.locator(`#${id}`).fill('')
    await page.locator(`#${id}`).fill(name)
    try {
      await option.waitFor({ timeout: 8_000 })
      break
    } catch (cause) {
      if (tries === 5) throw cause
    }
  }
  await option.click()
}

/** Waits until the page says that nothing is loading any more. */
export async function ready(page) {
  await page.waitForFunction(() => document.documentElement.dataset.ready === 'true', undefined, { timeout: patience })
}

/** Waits until nothing moves and every letter is there: a half transparent text has no honest contrast. */
export async function settled(page) {
  await page.evaluate(() => document.fonts.ready.then(() => true))
  await page.waitForFunction(() => document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getComputedTiming().iterations === Infinity), undefined, { timeout: patience })
}

export async function shot(page, name) {
  const map = await page.locator('[data-map]').count() // a map is not drawn again for the size of a whole page
  await page.screenshot({ path: join(shots, name + '.png'), fullPage: map === 0 })
}

/** Violations of WCAG 2.1 A and AA as short lines. The policy of the page is lifted for the checker only, after counting. */
export async function axe(page) {
  const session = await page.context().newCDPSession(page)
  await session.send('Page.setBypassCSP', { enabled: true })
  await page.evaluate(axeSource)
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations'] }))
  await session.send('Page.setBypassCSP', { enabled: false })
  await session.detach()
  return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')} ${n.html.slice(0, 160)} ${(n.any[0] ?? n.all[0] ?? n.none[0])?.message ?? ''}`))
}

/** Nothing may be wider than the window: no sideways scrolling. */
export function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
}
