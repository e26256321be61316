// What clerks do with lists and tasks beside completing them: views, columns, export, import with a trial, bulk with the
// recycle bin, revealing, returning, handing over, withdrawing — against the living demo.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { axe, choose, launch, open, ready, search, settled, shot } from './browser.mjs'
import { missing, signIn, startDemo } from './demo.mjs'

describe('the office', { skip: missing() }, () => {
  let browser, demo
  before(async () => { [browser, demo] = await Promise.all([launch(), startDemo()]) })
  after(async () => { await browser?.close(); await demo?.stop() })

  async function as(role, path, where) {
    const page = await open(browser, demo.base)
    await signIn(page, demo.by(role, where))
    await page.goto(path)
    await ready(page)
    return page
  }
  async function leave(page) {
    assert.deepEqual(page.trouble, { csp: [], foreign: [], errors: [] })
    await page.context().close()
  }
  const total = async (page) => Number(/\d+/.exec((await page.locator('.note').first().textContent()).replaceAll(',', ''))?.[0])

  it('a saved view comes back with its filter, columns stay chosen', async () => {
    const page = await as('urban.duty_chief', '/desk/list/urban.case')
    const all = await total(page)
    await choose(page, 'filter-state', '处置中')
    await page.keyboard.press('Escape')
    await page.waitForURL(/f\.state=handling/)
    await ready(page)
    const some = await total(page)
    assert.ok(some > 0 && some < all, `${some} of ${all}`)
    await page.getByRole('button', { name: /我的视图/ }).click()
    await page.fill('#view-name', '处置中的')
    await page.getByRole('button', { name: '保存当前视图' }).click()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: '列与密度' }).click()
    await page.getByLabel('负责人', { exact: true }).check()
    await page.goto('/desk/list/urban.case')
    await ready(page)
    assert.equal(await page.locator('th', { hasText: '负责人' }).count(), 1)
    await page.getByRole('button', { name: /我的视图/ }).click()
    await page.getByRole('button', { name: '处置中的', exact: true }).click()
    await page.waitForURL(/f\.state=handling/)
    await ready(page)
    assert.equal(await total(page), some)

    // A machine at a counter keeps nothing of anybody; the views come back with the person.
    const out = async () => {
      await page.click('.person')
      await page.getByRole('menuitem', { name: '退出登录' }).click()
      await page.waitForURL(/sign-in/)
      assert.equal(await page.evaluate(() => Object.entries(localStorage).concat(Object.entries(sessionStorage)).filter(([k]) => k !== 'chengshu.theme').length), 0)
    }
    await out()
    await signIn(page, demo.accounts.filter((a) => a.role === 'urban.duty_chief')[1])
    await page.goto('/desk/list/urban.case')
    await ready(page)
    await page.getByRole('button', { name: /我的视图/ }).click()
    assert.equal(await page.getByRole('button', { name: '处置中的', exact: true }).count(), 0)
    assert.equal(await page.locator('th', { hasText: '负责人' }).count(), 0)
    await page.keyboard.press('Escape')
    await out()
    await signIn(page, demo.by('urban.duty_chief'))
    await page.goto('/desk/list/urban.case')
    await ready(page)
    await page.getByRole('button', { name: /我的视图/ }).click()
    await page.getByRole('button', { name: '处置中的', exact: true }).waitFor()
    await Promise.all([
      page.waitForResponse((r) => r.url().includes('/me/preferences/') && r.status() === 204),
      page.locator('.el-popover:visible').getByRole('button', { name: /^删除/ }).click(),
    ])
    await leave(page)
  })

  it('an export holds what the filter selects', async () => {
    const page = await as('urban.duty_chief', '/desk/list/urban.case?f.state=closing')
    const rows = await total(page)
    await page.getByRole('button', { name: '导出' }).click()
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: /CSV/ }).click()])
    const lines = readFileSync(await file.path(), 'utf8').trim().split('\n')
    assert.ok(lines.length >= rows + 1, `${lines.length} lines for ${rows} rows`)
    await leave(page)
  })

  it('an import is tried first, and the sheet comes back with its errors', async () => {
    const page = await as('urban.duty_chief', '/desk/list/urban.duty')
    await page.getByRole('button', { name: '导入' }).click()
    const [template] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '下载模板' }).click()])
    assert.match(template.suggestedFilename(), /urban\.duty\.xlsx/)
    await page.setInputFiles('#import-file', { name: 'duty.csv', mimeType: 'text/csv', buffer: Buffer.from('种类,责任单位\nE0101,/county/cgj/\n') })
    await page.getByRole('button', { name: '试运行' }).click()
    assert.match(await page.locator('.el-dialog [role="alert"]').textContent(), /列 种类 无法对应/) // said, not only refused
    await page.setInputFiles('#import-file', { name: 'duty.csv', mimeType: 'text/csv', buffer: Buffer.from('大类或小类,责任单位\nNO-SUCH,/county/none/\n') })
    await page.getByRole('button', { name: '试运行' }).click()
    await page.getByText('试运行结果（未写入）').waitFor()
    assert.match(await page.locator('.el-dialog').textContent(), /有误 1/)
    assert.ok(await page.getByRole('button', { name: '正式导入' }).isDisabled())
    const href = await page.getByRole('link', { name: /错误说明/ }).getAttribute('href')
    const sheet = await page.request.get(href)
    assert.equal(sheet.status(), 200)
    await settled(page)
    await shot(page, 'office-import')
    assert.deepEqual(await axe(page), [])
    await leave(page)
  })

  it('many are deleted at once, each with its result, and come back from the bin', async () => {
    const page = await as('urban.duty_chief', '/desk/list/urban.duty')
    const all = await total(page)
    for (const box of (await page.getByRole('checkbox', { name: /^选择/ }).all()).slice(0, 2)) await box.check()
    await page.getByRole('button', { name: '删除', exact: true }).click()
    await page.getByText('将对所选的 2 项').waitFor()
    await page.fill('#bulk-reason', '演示删除')
    await page.getByRole('button', { name: '执行', exact: true }).click()
    await page.getByText('成功 2 项，未成功 0 项').waitFor()
    await page.locator('.el-dialog__footer').getByRole('button', { name: '关闭' }).click()
    await ready(page)
    assert.equal(await total(page), all - 2)
    await page.getByRole('button', { name: '回收站' }).click()
    await page.waitForURL(/bin=1/)
    await ready(page)
    await page.getByRole('checkbox', { name: '全选本页' }).check()
    await page.getByRole('button', { name: '恢复', exact: true }).click()
    await page.getByRole('button', { name: '执行', exact: true }).click()
    await page.getByText(/成功 \d+ 项，未成功 0 项/).waitFor()
    await page.goto('/desk/list/urban.duty')
    await ready(page)
    assert.equal(await total(page), all)
    await leave(page)
  })

  it('an edit against a newer revision is refused and keeps what was typed', async () => {
    const page = await as('urban.duty_chief', '/desk/list/urban.duty')
    await page.locator('tbody a').first().click()
    await page.waitForURL(/list\/urban\.duty\/[0-9a-f-]{36}$/)
    const id = page.url().split('/').pop()
    await page.goto(`/desk/list/urban.duty/${id}/edit`)
    await ready(page)
    const now = await demo.get('urban.duty_chief', `/records/urban.duty/${id}`)
    const other = await fetch(`${demo.base}/api/v1/records/urban.duty/${id}`, {
      method: 'PATCH', headers: { 'Authorization': 'Bearer ' + demo.by('urban.duty_chief').token, 'If-Match': `"${now.rev}"`, 'Content-Type': 'application/json' }, body: JSON.stringify({ remark: '别人改的' }),
    })
    assert.equal(other.status, 200)
    await page.fill('#f-basis', '我改的依据')
    await page.getByRole('button', { name: '保存', exact: true }).click()
    await page.getByText('他人已修改').first().waitFor()
    await page.getByRole('button', { name: '重新加载' }).click()
    await ready(page)
    assert.equal(await page.inputValue('#f-basis'), '我改的依据')
    await page.getByRole('button', { name: '保存', exact: true }).click()
    await page.waitForURL(new RegExp(`list/urban.duty/${id}$`))
    const after = await demo.get('urban.duty_chief', `/records/urban.duty/${id}`)
    assert.deepEqual([after.basis, after.remark], ['我改的依据', '别人改的'])
    await leave(page)
  })

  /** Makes a case that waits to be registered: whether the year of history left one depends on the hour. */
  async function registering() {
    const { items: [old] } = await demo.get('urban.collector', '/records/urban.case?limit=1')
    const { place } = await demo.get('urban.collector', `/records/urban.case/${old.id}`)
    const made = await (await demo.send(demo.by('urban.collector'), 'POST', '/records/urban.case', { category: 'E0103', detail: '路边堆放渣土（演示）', place })).json()
    assert.ok(made.id, JSON.stringify(made))
    const { items: tasks } = await demo.get('urban.acceptor', `/records/urban.case/${made.id}/tasks`)
    const answer = await demo.send(demo.by('urban.acceptor'), 'POST', `/tasks/${tasks[0].id}/commands/complete`, { outcome: 'accept', data: { category: 'E0103' } })
    assert.equal(answer.status, 200, await answer.text())
    return made.id
  }

  it('a task is sent back with a preview of what that cancels, and can be taken back', async () => {
    const page = await as('urban.duty_chief', `/desk/list/urban.case/${await registering()}`)
    if (await page.locator('[data-command="claim"]').count()) {
      await page.locator('[data-command="claim"]').first().click()
      await page.locator('[data-command="return"]').waitFor()
    }
    await page.click('[data-command="return"]')
    await page.locator('.el-dialog input[type=radio]').first().waitFor()
    assert.match(await page.locator('.el-dialog [role="status"]').textContent(), /取消|不影响/)
    await page.fill('#return-reason', '材料不清（演示）')
    await page.locator('.el-dialog__footer .el-button--primary').click()
    await page.waitForSelector('.el-dialog', { state: 'hidden' })
    await ready(page)
    assert.notEqual(await page.locator('[data-state]').first().textContent(), '待立案')
    assert.match(await page.locator('.story').textContent(), /材料不清/)
    await leave(page)
  })

  it('a task is handed to a colleague, who has it at the top of the list', async () => {
    // Colleagues of the demo take tasks too: of what waits, one that is still there when the page comes.
    const { items } = await demo.get('urban.dispatcher', '/tasks?scope=pool&type=urban.case&limit=50')
    let page, task
    for (task of items.reverse()) {
      page = await as('urban.dispatcher', `/desk/list/urban.case/${task.record}`)
      const claim = page.locator('[data-command="claim"]').first()
      if (await claim.count()) {
        await claim.click()
        await page.locator('[data-command="more"], .el-message--error, .el-dialog').first().waitFor()
        if (await page.locator('[data-command="more"]').count()) break
      }
      await leave(page)
    }
    await page.locator('[data-command="more"]').first().click()
    await page.getByRole('menuitem', { name: '转办' }).click()
    const colleague = demo.accounts.filter((a) => a.role === 'urban.dispatcher')[1]
    assert.ok(colleague, 'the demo has one dispatcher only')
    await search(page, 'command-to', colleague.name)
    await page.fill('#command-reason', '请代为派遣（演示）')
    await page.locator('.el-dialog__footer .el-button--primary').click()
    await page.waitForSelector('.el-dialog', { state: 'hidden' })
    await leave(page)
    const hers = await open(browser, demo.base)
    await signIn(hers, colleague)
    await hers.goto('/desk/tasks')
    await ready(hers)
    await hers.locator('tr', { hasText: task.number }).first().waitFor()
    await leave(hers)
  })

  it('reveals a masked value only with a reason, and that is in the journal', async () => {
    const role = 'livelihood.supervisor'
    const { items } = await demo.get(role, '/records/livelihood.fund?limit=50')
    const record = items.find((r) => r._masked?.length)
    assert.ok(record, 'no fund with a masked value')
    const page = await as(role, `/desk/list/livelihood.fund/${record.id}`)
    const hidden = record._masked[0]
    assert.ok(await page.locator(`[data-fact="${hidden}"]`).getByText('（已脱敏）').count())
    await page.getByRole('button', { name: /查看 \d+ 项脱敏信息/ }).click()
    await page.getByRole('button', { name: '查看', exact: true }).click()
    assert.match(await page.locator('.el-dialog [role="alert"]').textContent(), /请填写“理由”/)
    await page.fill('#reveal-reason', '入户核对（演示）')
    await page.getByRole('button', { name: '查看', exact: true }).click()
    await page.getByText('已显示，操作已留痕').first().waitFor()
    assert.doesNotMatch(await page.locator(`[data-fact="${hidden}"] dd`).textContent(), /\*/)
    const told = await demo.get(role, `/records/livelihood.fund/${record.id}/proof`)
    assert.ok(told.entries.some((e) => JSON.stringify(e).includes('unmask')), 'the journal does not tell of it')
    await leave(page)
  })

  it('a number leads to exactly the records behind it', async () => {
    const page = await as('urban.evaluator', '/desk/indicators?pack=urban')
    const row = page.locator('tbody tr').first()
    const said = Number((await row.locator('td').first().textContent()).replace(/,/g, ''))
    await row.getByRole('link').click()
    await page.waitForURL(/list\/urban\.case/)
    await ready(page)
    assert.equal(await total(page), said)
    await leave(page)
  })

  it('a decision is calculated with its clause, and says what it lacks', async () => {
    const page = await as('cloud.applicant', '/desk/tasks')
    await page.getByRole('link', { name: '评审测算' }).click()
    await page.waitForURL(/\/desk\/decisions\?pack=cloud/)
    await ready(page)
    const field = (label) => page.locator('main form').getByLabel(label, { exact: true })
    await page.getByRole('button', { name: '测算', exact: true }).click()
    await page.locator('[data-verdict="incomplete"]').waitFor()
    await field('核数合计').fill('64')
    await page.getByText('条件已改动').waitFor()
    await page.getByRole('button', { name: '测算', exact: true }).click()
    await page.locator('[data-verdict="value"]').waitFor()
    assert.match(await page.textContent('[data-result]'), /专家论证[\s\S]*第九条第一项[\s\S]*2026/)
    await settled(page)
    await shot(page, 'office-decision')
    assert.deepEqual(await axe(page), [])
    await page.emulateMedia({ media: 'print' })
    assert.ok(await page.locator('main form').isHidden())
    assert.match(await page.locator('[data-result]').innerText(), /填写的条件[\s\S]*64/)
    await leave(page)
  })

  it('a killed session is out', async () => {
    const mine = demo.accounts.filter((a) => a.role === 'urban.handler').at(-1) // nobody else's test is signed in as this one
    const page = await as('urban.handler', '/desk/sessions', (a) => a === mine)
    const other = await open(browser, demo.base)
    await signIn(other, mine)
    await page.reload()
    await ready(page)
    const before = await page.getByRole('button', { name: /^结束/ }).count()
    assert.ok(before >= 1)
    for (let i = 0; i < before; i++) {
      await page.getByRole('button', { name: /^结束/ }).first().click()
      await page.getByText('会话已结束').first().waitFor()
      await ready(page)
    }
    await other.goto('/desk/tasks')
    await other.waitForURL(/sign-in/)
    await other.context().close()
    await leave(page)
  })

  it('a colleague on leave is stood in for, by name and by days', async () => {
    const ann = demo.accounts.find((a) => a.role === 'urban.duty_chief')
    const page = await as('urban.duty_chief', '/desk/standins', (a) => a === ann)
    await page.getByRole('button', { name: '设置代理' }).click()
    await page.getByRole('dialog').getByRole('button', { name: '设置代理' }).click()
    await page.getByRole('alert').getByText('代理人').waitFor()
    await search(page, 'standin-deputy', '受理员甲')
    const today = new Date(Date.now() + 8 * 3_600_000)
    for (const [id, days] of [['first', 0], ['last', 3]]) {
      await page.fill('#standin-' + id, new Date(today.getTime() + days * 86_400_000).toISOString().slice(0, 10))
      await page.keyboard.press('Enter')
    }
    await page.fill('#standin-reason', '年休假')
    await shot(page, 'standin-new')
    assert.deepEqual(await axe(page), [])
    await page.getByRole('dialog').getByRole('button', { name: '设置代理' }).click()
    await page.getByText('代理中').first().waitFor()
    await shot(page, 'standins')

    const other = await as('urban.acceptor', '/desk/tasks', (a) => a.name === '受理员甲')
    await other.getByRole('button', { name: '代 ' + ann.name + ' 办理' }).click()
    await other.getByText('您正在代 ' + ann.name + ' 办理').waitFor()
    await settled(other)
    await shot(other, 'standin-tasks')
    assert.deepEqual(await axe(other), [])
    await other.getByRole('button', { name: '回到本人岗位' }).click()
    await other.getByRole('button', { name: '代 ' + ann.name + ' 办理' }).waitFor()

    await page.getByRole('button', { name: /^提前结束/ }).first().click()
    await page.getByText('已结束').first().waitFor()
    await other.reload()
    await ready(other)
    assert.equal(await other.getByRole('button', { name: /^代 / }).count(), 0)
    await leave(other)
    await leave(page)
  })

  it('prints a record without menus and buttons', async () => {
    const { items } = await demo.get('urban.duty_chief', '/records/urban.case?limit=1')
    const page = await as('urban.duty_chief', `/desk/list/urban.case/${items[0].id}`)
    await page.emulateMedia({ media: 'print' })
    for (const hidden of ['.app-head', '.app-side', '.bar', '.crumbs']) {
      if (await page.locator(hidden).count()) assert.ok(await page.locator(hidden).first().isHidden(), hidden)
    }
    assert.ok((await page.pdf()).length > 10_000)
    await leave(page)
  })
})
