// Every page and every state of a page on the stand-in server: no axe violation, no policy message, no foreign request, no
// script error, no sideways scrolling, wide and narrow.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { axe, choose, launch, open, overflow, ready, settled, shot } from './browser.mjs'
import { startFixture } from './fixture.mjs'

let browser, server, anonymous, denied
before(async () => {
  browser = await launch()
  server = await startFixture()
  anonymous = await startFixture({ signedIn: false })
  denied = await startFixture({ denied: '/records' })
})
after(async () => {
  await browser?.close()
  await Promise.all([server, anonymous, denied].map((s) => s?.stop()))
})

const click = (selector) => (page) => page.click(selector)
const button = (name) => (page) => page.getByRole('button', { name, exact: true }).first().click()
const dialog = (page) => page.waitForSelector('.el-dialog', { state: 'visible' })
const more = (name) => async (page) => { await page.locator('[data-command="more"]').first().click(); await page.getByRole('menuitem', { name, exact: true }).click(); await dialog(page) }
const act = (name) => async (page) => { await page.locator('[data-command="process"]').click(); await page.getByRole('menuitem', { name, exact: true }).click(); await dialog(page) }
const drawn = (page) => page.waitForFunction(() => document.querySelectorAll('[data-flow]').length === document.querySelectorAll('[data-drawn]').length)
const options = (id) => async (page) => { await page.locator(`#${id}`).locator('xpath=ancestor::div[contains(@class,"el-select__wrapper")]').click(); await page.waitForSelector('.el-select-dropdown__item:visible') }

/** name, path, what to do once the page is ready */
const states = [
  ['tasks', '/desk/tasks'], ['tasks-pool', '/desk/tasks?scope=pool'], ['tasks-empty', '/desk/tasks?scope=done'],
  ['tasks-batch', '/desk/tasks', async (p) => { await p.getByRole('checkbox', { name: /^选择/ }).nth(0).check(); await p.getByRole('checkbox', { name: /^选择/ }).nth(1).check(); await button('批量办理')(p); await dialog(p) }],
  ['tasks-batch-done', '/desk/tasks', async (p) => { for (const i of [0, 1]) await p.getByRole('checkbox', { name: /^选择/ }).nth(i).check(); await button('批量办理')(p); await p.locator('.el-radio').first().click(); await button('提交')(p); await p.getByText('成功 1 项，未成功 1 项').waitFor() }],
  ['account-menu', '/desk/tasks', async (p) => { await click('.person')(p); await p.waitForSelector('.el-dropdown-menu:visible') }],
  ['list', '/desk/list/demo.all'], ['list-filtered', '/desk/list/demo.all?f.kind=0102&f.price=1,9&q=x'], ['list-empty', '/desk/list/demo.all?q=none'], ['list-error', '/desk/list/demo.all?q=broken'],
  ['list-options', '/desk/list/demo.all?f.kind=0102', options('filter-kind')], ['list-columns', '/desk/list/demo.all', async (p) => { await button('列与密度')(p); await p.waitForSelector('.el-popover:visible') }],
  ['list-bulk', '/desk/list/demo.all', async (p) => { await p.getByRole('checkbox', { name: /^全选/ }).first().check(); await button('结案')(p); await dialog(p) }],
  ['list-import', '/desk/list/demo.all', async (p) => { await button('导入')(p); await dialog(p); await p.setInputFiles('#import-file', { name: 'a.xlsx', mimeType: 'x/y', buffer: Buffer.from('x') }); await button('试运行')(p); await p.getByText('第 2 行').waitFor() }],
  ['form', '/desk/list/demo.all/new'],
  ['form-errors', '/desk/list/demo.all/new', async (p) => { await button('提交')(p); await p.getByText('请修改以下内容').waitFor() }],
  ['form-date', '/desk/list/demo.all/new', async (p) => { await p.getByLabel('发生日期', { exact: true }).click(); await p.waitForSelector('.el-picker-panel:visible') }],
  ['form-server', '/desk/list/demo.all/id-1/edit', async (p) => { await p.getByLabel('名称').fill('改名'); await button('保存')(p); await p.getByText('他人已修改').first().waitFor() }],
  ['detail', '/desk/list/demo.all/id-1'],
  ['detail-open', '/desk/list/demo.all/id-1', async (p) => { for (const s of await p.locator('summary').all()) await s.click(); await p.waitForSelector('[data-drawn]'); await p.getByText('修改前').first().waitFor() }],
  ['detail-outcome', '/desk/list/demo.all/id-1', async (p) => { await click('[data-outcome="refuse"]')(p); await dialog(p); await button('确认不予受理')(p); await p.getByText('请修改以下内容').waitFor() }],
  ['detail-return', '/desk/list/demo.all/id-1', async (p) => { await click('[data-command="return"]')(p); await dialog(p); await p.getByText('将同时取消').waitFor() }],
  ['detail-transfer', '/desk/list/demo.all/id-1', async (p) => { await click('[data-command="more"]')(p); await p.getByRole('menuitem', { name: '转办' }).click(); await dialog(p) }],
  ['detail-appeal', '/desk/list/demo.all/id-1', async (p) => { await more('申诉')(p); await p.locator('.el-dialog__footer .el-button--primary').click(); await p.getByRole('alert').waitFor() }],
  ['detail-extend', '/desk/list/demo.all/id-1', async (p) => { await more('申请延期')(p); await options('command-clock')(p) }],
  ['detail-supervise', '/desk/list/demo.all/id-1', more('督办')],
  ['detail-answer', '/desk/list/demo.all/id-1', async (p) => { await button('答复督办')(p); await dialog(p) }],
  ['process-jump', '/desk/list/demo.all/id-1', async (p) => { await act('跳转')(p); await p.locator('.el-dialog__footer .el-button--primary').click(); await p.getByRole('alert').filter({ hasText: '请填写“现在的环节”' }).waitFor() }],
  ['process-due', '/desk/list/demo.all/id-1', act('改期限')], ['process-migrate', '/desk/list/demo.all/id-1', act('迁移到新版本')],
  ['process-resolve', '/desk/list/demo.all/id-1', async (p) => { await click('[data-incident] [data-command="resolve"]')(p); await dialog(p); await p.fill('#incident-reason', '电话核实'); await p.fill('#incident-answer', '{ok'); await p.locator('.el-dialog__footer .el-button--primary').click(); await p.getByText('不是有效的 JSON').waitFor() }],
  ['detail-reveal', '/desk/list/demo.all/id-1', async (p) => { await button('查看 2 项脱敏信息')(p); await dialog(p) }],
  ['detail-command', '/desk/list/demo.all/id-1', async (p) => { await click('[data-declared="close"]')(p); await dialog(p) }],
  ['detail-merge', '/desk/list/demo.all/id-1', async (p) => { await p.getByRole('button', { name: /合并到/ }).click(); await dialog(p) }],
  ['incidents', '/desk/incidents'], ['incidents-empty', '/desk/incidents?process=demo.none'],
  ['incidents-many', '/desk/incidents', async (p) => { for (const i of [0, 1]) await p.getByRole('checkbox', { name: /^选择/ }).nth(i).check(); await click('[data-all="retry"]')(p); await dialog(p); await p.fill('#incident-reason', '外部系统已恢复'); await p.locator('.el-dialog__footer .el-button--primary').click(); await p.getByText('成功 1 项，未成功 1 项').waitFor() }],
  ['processes-managed', '/desk/processes?id=demo.one'], ['migration', '/desk/processes/demo.flow/migration', drawn], ['migration-none', '/desk/processes/demo.one/migration'], ['migration-denied', '/desk/processes/demo.other/migration'],
  ['migration-map', '/desk/processes/demo.flow/migration', async (p) => { await choose(p, 'target-handle', '处置（新）'); await p.waitForURL(/map=handle(:|%3A)dispose/); await p.getByText('可以迁移 120 件').waitFor(); await drawn(p) }],
  ['migration-run', '/desk/processes/demo.flow/migration?map=handle:dispose', async (p) => { await p.click('[data-go]'); await p.getByText('请填写“理由”').waitFor(); await p.fill('#migration-reason', '启用新版本'); await p.click('[data-go]'); await p.getByText('迁移结束。 已迁移 144 件，未迁移 6 件。').waitFor(); await drawn(p) }],
  ['decisions', '/desk/decisions'], ['decisions-none', '/desk/decisions?date=2025-05-01'],
  ['decisions-wrong', '/desk/decisions', async (p) => { await p.fill('#decision-年龄', '六十'); await button('测算')(p); await p.getByText('请修改以下内容').waitFor() }],
  ['decisions-missing', '/desk/decisions', async (p) => { await button('测算')(p); await p.locator('[data-verdict="incomplete"]').waitFor() }],
  ['decisions-result', '/desk/decisions', async (p) => { await p.fill('#decision-年龄', '81'); await button('测算')(p); await p.getByText('办法（演示）第五条').waitFor() }],
  ['inbox', '/desk/inbox'], ['sessions', '/desk/sessions'], ['search', '/desk/search?q=x'], ['indicators', '/desk/indicators?pack=demo'], ['missing', '/desk/nowhere'], ['map', '/desk/map'],
]

async function judge(page, name) {
  await settled(page)
  await shot(page, `state-${name}`)
  if (name.startsWith('list-error')) page.trouble.errors = page.trouble.errors.filter((e) => !e.includes('status of 500')) // it asked for one
  assert.deepEqual(page.trouble, { csp: [], foreign: [], errors: [] }, name)
  assert.deepEqual(await axe(page), [], name)
  assert.ok((await overflow(page)) <= 0, `${name} scrolls sideways by ${await overflow(page)}`)
}

for (const size of ['wide', 'narrow']) {
  describe(`states, ${size}`, () => {
    for (const [name, path, act] of states) {
      it(name, async () => {
        const page = await open(browser, server.base, { size })
        await page.goto(path)
        await ready(page)
        if (act) await act(page)
        await judge(page, `${name}-${size}`)
        await page.context().close()
      })
    }
  })
}

describe('states of the session and the network', () => {
  it('asks to sign in and comes back', async () => {
    const page = await open(browser, anonymous.base)
    await page.goto('/desk/list/demo.all')
    await page.waitForURL(/\/desk\/sign-in\?to=/)
    await ready(page)
    await page.fill('#username', 'a')
    await page.fill('#password', 'wrong')
    await page.getByRole('button', { name: '登录', exact: true }).click()
    await page.getByRole('alert').waitFor()
    await judge(page, 'signin-wrong')
    await page.context().close()
  })
  it('says what is not permitted and what to do', async () => {
    const page = await open(browser, denied.base)
    await page.goto('/desk/list/demo.all/id-1')
    await page.waitForSelector('[data-problem="forbidden"]')
    assert.match(await page.textContent('[data-problem]'), /受理员不能查看此类记录[\s\S]*切换岗位[\s\S]*trace-0001/)
    await judge(page, 'forbidden')
    await page.context().close()
  })
  it('says that the server is out of reach and keeps the draft', async () => {
    const page = await open(browser, server.base)
    await page.goto('/desk/list/demo.all/new')
    await ready(page)
    await page.getByLabel('名称').fill('离线草稿')
    await page.context().setOffline(true)
    await page.getByText('网络已断开').waitFor()
    await judge(page, 'offline')
    await page.context().setOffline(false)
    await page.reload()
    await page.getByText('已恢复上次未提交的草稿').waitFor()
    assert.equal(await page.getByLabel('名称').inputValue(), '离线草稿')
    await page.context().close()
  })
  it('says so when a page cannot be fetched', async () => {
    const page = await open(browser, server.base)
    await page.goto('/desk/tasks')
    await ready(page)
    await page.context().setOffline(true)
    await page.getByRole('link', { name: '一张图' }).click()
    await page.getByText('页面没有打开').waitFor()
    await page.context().setOffline(false)
    await page.context().close()
  })
  it('elder mode and high contrast keep the page whole', async () => {
    const page = await open(browser, server.base, { size: 'narrow' })
    await page.goto('/desk/list/demo.all/id-1')
    await ready(page)
    await page.getByRole('button', { name: '长辈版' }).click()
    await page.getByRole('button', { name: '高对比' }).click()
    const height = await page.locator('.el-button').first().evaluate((e) => e.getBoundingClientRect().height)
    assert.ok(height >= 44, `targets are ${height} px high, want 44`)
    await judge(page, 'elder')
    await page.context().close()
  })
  it('works at 320 px and at 200 % zoom', async () => {
    for (const size of [{ width: 320, height: 640 }, { width: 640, height: 450 }]) {
      const page = await open(browser, server.base, { size })
      for (const path of ['/desk/tasks', '/desk/list/demo.all', '/desk/list/demo.all/new', '/desk/list/demo.all/id-1', '/desk/indicators?pack=demo']) {
        await page.goto(path)
        await ready(page)
        assert.ok((await overflow(page)) <= 0, `${path} at ${size.width} px scrolls sideways by ${await overflow(page)}`)
      }
      await page.context().close()
    }
  })
})

describe('what the pages do', () => {
  it('takes script and style out of articles', async () => {
    const page = await open(browser, server.base)
    await page.goto('/desk/list/demo.all/id-1')
    await ready(page)
    const html = await page.locator('[data-fact="article"] dd').innerHTML()
    assert.ok(html.includes('<strong>加粗</strong>') && !/script|style=|alert/.test(html), html)
    await page.context().close()
  })
  it('shows, requires and computes as the form is filled', async () => {
    const page = await open(browser, server.base)
    await page.goto('/desk/list/demo.all/new')
    await ready(page)
    assert.equal(await page.locator('[data-field="why"]').count(), 0)
    await page.getByText('其他', { exact: true }).click()
    await page.locator('[data-field="why"]').waitFor()
    await page.locator('#f-count').fill('3')
    await page.locator('#f-price').fill('0.10')
    assert.equal(await page.locator('[data-field="total"] output').textContent(), '0.3 元')
    await page.context().close()
  })
  it('shows the errors of the server at their fields', async () => {
    const page = await open(browser, server.base)
    await page.goto('/desk/list/demo.all/new')
    await ready(page)
    await page.getByLabel('名称').fill('名称')
    await choose(page, 'f-kind', '部件 / 井盖')
    await page.locator('[data-field="place"] input').first().fill('东街 1 号')
    await page.getByRole('button', { name: '提交', exact: true }).click()
    await page.locator('[data-field="price"] .error').waitFor()
    assert.equal(await page.locator('[data-field="price"] .error').textContent(), '单价不能为负数')
    assert.equal(await page.locator('[data-field="lines"] .error').textContent(), '第 1 行：请填写数量')
    await page.context().close()
  })
  it('keeps the tasks chosen that were refused in a batch', async () => {
    const page = await open(browser, server.base)
    await page.goto('/desk/tasks')
    await ready(page)
    for (const i of [0, 1, 2]) await page.getByRole('checkbox', { name: /^选择/ }).nth(i).check()
    await page.getByRole('button', { name: '批量办理' }).click()
    await page.locator('.el-radio').first().click()
    await page.getByRole('button', { name: '提交', exact: true }).click()
    await page.getByText('成功 2 项，未成功 1 项').waitFor()
    await page.locator('.el-dialog__footer').getByRole('button', { name: '关闭' }).click()
    await ready(page)
    assert.deepEqual(await Promise.all([0, 1, 2].map((i) => page.getByRole('checkbox', { name: /^选择/ }).nth(i).isChecked())), [false, true, false])
    await page.context().close()
  })
  it('keeps filters in the address and builds FEEL from them', async () => {
    const page = await open(browser, server.base)
    const asked = []
    page.on('request', (r) => { if (r.url().includes('/records/demo.all?')) asked.push(new URL(r.url()).searchParams.get('filter')) })
    await page.goto('/desk/list/demo.all?where=state%20%3D%20%22open%22')
    await ready(page)
    await choose(page, 'filter-source', '市民上报')
    await page.waitForURL('**f.source=citizen**')
    await ready(page)
    assert.equal(asked.at(-1), '(state = "open") and source = "citizen"')
    await page.context().close()
  })
  it('reveals masked values only with a reason', async () => {
    const page = await open(browser, server.base)
    await page.goto('/desk/list/demo.all/id-1')
    await ready(page)
    await page.getByRole('button', { name: '查看 2 项脱敏信息' }).click()
    await page.getByRole('button', { name: '查看', exact: true }).click()
    await page.getByRole('alert').waitFor()
    await page.fill('#reveal-reason', '核对联系方式')
    await page.getByRole('button', { name: '查看', exact: true }).click()
    await page.getByText('13800000000').waitFor()
    await page.context().close()
  })
  it('keeps the mark of the process viewer visible', async () => {
    const page = await open(browser, server.base)
    await page.goto('/desk/list/demo.all/id-1')
    await ready(page)
    await page.getByText('流程图').click()
    await page.waitForSelector('[data-drawn]')
    const top = await page.locator('.bjs-powered-by').evaluate((e) => {
      e.scrollIntoView({ block: 'center' })
      const box = e.getBoundingClientRect()
      return box.width > 0 && e.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2))
    })
    assert.ok(top)
    await page.context().close()
  })
  it('can be walked by keyboard: skip link, menu, first task', async () => {
    const page = await open(browser, server.base)
    await page.goto('/desk/tasks')
    await ready(page)
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip')
    await page.keyboard.press('Enter')
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main')
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press('Tab')
      if (await page.evaluate(() => document.activeElement.matches('a[href*="/list/demo.all/id-"]'))) break
    }
    await page.keyboard.press('Enter')
    await page.waitForURL('**/desk/list/demo.all/id-*')
    await page.context().close()
  })
})
