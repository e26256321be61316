// What people do with running processes: supervise and answer, ask for more time, name who is next, handle many at once,
// free what is stuck, take matters to a new version of the model — each seen to have happened by the API.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { axe, choose, launch, open, overflow, ready, search, settled, shot } from './browser.mjs'
import { missing, signIn } from './demo.mjs'
import { startWorks } from './works.mjs'

describe('running processes', { skip: missing() }, () => {
  let browser, county
  before(async () => { [browser, county] = await Promise.all([launch(), startWorks()]) })
  after(async () => { await browser?.close(); await county?.stop() })

  async function at(username, path) {
    const page = await open(browser, county.base)
    await signIn(page, county.by(username))
    await page.goto(path)
    await ready(page)
    return page
  }
  async function leave(page) {
    assert.deepEqual(page.trouble, { csp: [], foreign: [], errors: [] })
    await page.context().close()
  }
  /** What the page shows is sound: no axe violation, no sideways scrolling. */
  async function sound(page, name) {
    await settled(page)
    await shot(page, `process-${name}`)
    assert.deepEqual(await axe(page), [], name)
    assert.ok((await overflow(page)) <= 0, name)
  }
  const dialog = (page) => page.waitForSelector('.el-dialog', { state: 'visible' })
  const confirm = (page) => page.locator('.el-dialog__footer .el-button--primary').click()
  async function closed(page) {
    await page.waitForSelector('.el-dialog', { state: 'hidden' }).catch(async (cause) => { throw new Error(await page.locator('.el-dialog').textContent(), { cause }) })
    await ready(page)
  }
  /** A case that the first clerk handles. */
  async function built(name) {
    const clerk = county.as('gc01')
    const { id } = await clerk.post('/records/works.case', { name })
    const open = async () => (await clerk.get(`/records/works.case/${id}/actions`)).tasks[0].id
    await clerk.post(`/tasks/${await open()}/commands/complete`, { outcome: 'done', next: await person('gc01') })
    return { id, path: `/desk/list/works.case/${id}`, task: await open() }
  }
  const state = async (id) => (await county.as('gc04').get(`/records/works.case/${id}`)).state
  const person = async (username) => (await county.as(username).get('/me')).person.id
  /** A case that waits for an answer nobody gives. */
  async function stuck(name) {
    const made = await built(name)
    await county.as('gc01').post(`/tasks/${made.task}/commands/complete`, { outcome: 'done' })
    for (let i = 0; i < 200; i++) {
      const { incidents } = await county.as('gc04').get(`/records/works.case/${made.id}/process`)
      if (incidents.length) return { ...made, incident: incidents[0].id }
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    return assert.fail('the call was not given up')
  }

  it('a supervisor orders an answer, the holder gives it', async () => {
    const made = await built('督办件')
    const page = await at('gc03', made.path)
    await page.click('[data-command="process"]')
    await page.getByRole('menuitem', { name: '督办', exact: true }).click()
    await dialog(page)
    await confirm(page)
    await page.getByText('请填写“理由”').waitFor()
    await page.fill('#process-reason', '三日内说明进展')
    await confirm(page)
    await closed(page)
    await leave(page)
    const hers = await at('gc01', made.path)
    assert.match(await hers.textContent('[data-asked]'), /工程主任甲 提出；理由：三日内说明进展/)
    await sound(hers, 'supervised')
    await hers.getByRole('button', { name: '答复督办' }).click()
    await dialog(hers)
    await confirm(hers)
    await hers.locator('.el-dialog [role="alert"]').waitFor() // an answer without words is none
    await hers.fill('#act-reason', '材料已备齐，明日完成')
    await confirm(hers)
    await closed(hers)
    await leave(hers)
    const tasks = (await county.as('gc03').get(`/records/works.case/${made.id}/tasks`)).items
    assert.deepEqual(tasks.filter((t) => t.kind === 'supervise' && t.state === 'open'), [])
    const story = (await county.as('gc03').get(`/records/works.case/${made.id}/timeline`)).items
    assert.ok(story.some((s) => s.reason === '材料已备齐，明日完成'), 'the answer is not in the story')
  })

  it('more time is asked for one clock and granted', async () => {
    const made = await built('延期件')
    const before = (await county.as('gc01').get(`/records/works.case/${made.id}/actions`)).tasks[0].clocks
    const page = await at('gc01', made.path)
    await page.click('[data-command="more"]')
    await page.getByRole('menuitem', { name: '申请延期', exact: true }).click()
    await dialog(page)
    await search(page, 'command-to', '工程主任甲')
    await page.keyboard.press('Escape')
    await page.fill('#command-limit', '2')
    await page.locator('.el-dialog .unit .el-select__wrapper').click()
    await page.locator('.el-select-dropdown__item:visible', { hasText: '小时' }).last().click()
    await page.fill('#command-reason', '现场复杂')
    await confirm(page)
    await closed(page)
    await leave(page)
    const chief = await at('gc03', made.path)
    assert.match(await chief.textContent('[data-asked]'), /工程员甲 提出；时限“办理”；延长 2 小时；理由：现场复杂/)
    await chief.click('[data-outcome="approve"]')
    await dialog(chief)
    await confirm(chief)
    await closed(chief)
    await leave(chief)
    const after = (await county.as('gc01').get(`/records/works.case/${made.id}/actions`)).tasks[0].clocks
    assert.equal(new Date(after[0].due) - new Date(before[0].due), 2 * 3600_000)
  })

  it('many are handled at once, and one that is refused stops no other', async () => {
    const [one, two, held] = [await built('批量件一'), await built('批量件二'), await built('批量件三')]
    const page = await at('gc01', '/desk/tasks')
    for (const name of ['批量件一', '批量件二', '批量件三']) await page.getByRole('checkbox', { name: `选择 ${name}` }).check()
    await page.getByRole('button', { name: '批量办理' }).click()
    await dialog(page)
    await county.as('gc04').post(`/records/works.case/${held.id}/process/suspend`, { reason: '演示' }) // while the clerk still reads
    await page.locator('.el-dialog .el-radio').first().click()
    await page.getByRole('button', { name: '提交', exact: true }).click()
    await page.getByText('成功 2 项，未成功 1 项').waitFor()
    assert.match(await page.locator('[data-results] li', { hasText: '批量件三' }).textContent(), /未成功.*挂起/)
    await sound(page, 'batch')
    await page.locator('.el-dialog__footer').getByRole('button', { name: '关闭' }).click()
    await leave(page)
    for (const made of [one, two]) assert.ok(!(await county.as('gc01').get(`/records/works.case/${made.id}/actions`)).tasks.some((t) => t.node === 'handle'))
    assert.ok((await county.as('gc04').get(`/records/works.case/${held.id}/process`)).commands.includes('activate'))
  })

  it('one answers in place of a system, and frees several at once', async () => {
    const [call, other] = [await stuck('停住件一'), await stuck('停住件二')]
    const page = await at('gc04', '/desk/tasks')
    await page.getByRole('link', { name: '流程异常' }).click()
    await page.waitForURL('**/desk/incidents')
    await ready(page)
    const row = page.locator(`[data-incident="${call.incident}"]`)
    assert.match(await row.textContent(), /停住件一[\s\S]*查询欠缴[\s\S]*外部调用/)
    await sound(page, 'incidents')
    await row.locator('[data-command="resolve"]').click()
    await dialog(page)
    await page.fill('#incident-answer', '{"debt": 0')
    await page.fill('#incident-reason', '已电话核实无欠缴')
    await confirm(page)
    await page.getByText('不是有效的 JSON').waitFor()
    await page.fill('#incident-answer', '{"debt": 0}')
    await confirm(page)
    await closed(page)
    assert.equal(await row.count(), 0)
    assert.equal(await state(call.id), 'checking')

    const rest = await page.getByRole('checkbox', { name: /^选择/ }).count()
    assert.ok(rest >= 3, `${rest} are stuck`) // the two of the batch before, and the other one
    await page.getByRole('checkbox', { name: '全选本页' }).check()
    await page.click('[data-all="skip"]')
    await dialog(page)
    await page.fill('#incident-reason', '系统停用，按无欠缴处理')
    await confirm(page)
    await page.getByText(`成功 ${rest} 项，未成功 0 项`).waitFor()
    await page.locator('.el-dialog__footer').getByRole('button', { name: '关闭' }).click()
    await page.getByText('没有停住的流程').waitFor()
    assert.equal(await state(other.id), 'checking')
    await leave(page)
  })

  it('whoever only supervises sees what is stuck and cannot decide', async () => {
    const made = await stuck('停住件三')
    const page = await at('gc03', '/desk/incidents')
    assert.match(await page.locator(`[data-incident="${made.incident}"]`).textContent(), /当前岗位只能查看/)
    assert.equal(await page.locator('[data-command="retry"]').count(), 0)
    await leave(page)
    const hers = await at('gc01', '/desk/incidents')
    assert.equal(await hers.locator('[data-problem]').getAttribute('data-problem'), 'forbidden')
    assert.equal(await hers.getByRole('link', { name: '流程异常' }).count(), 0)
    await leave(hers)
  })

  it('a clerk names who does the next step', async () => {
    const { id } = await county.as('gc01').post('/records/works.case', { name: '指定件' })
    const page = await at('gc01', `/desk/list/works.case/${id}`)
    await page.click('[data-outcome="done"]')
    await dialog(page)
    await search(page, 'act-next', '工程主任甲')
    await page.keyboard.press('Escape')
    await confirm(page)
    await page.locator('.el-dialog [role="alert"]').waitFor() // no lawful candidate of the step
    await search(page, 'act-next', '工程员乙')
    await page.keyboard.press('Escape')
    await confirm(page)
    await closed(page)
    await leave(page)
    const [task] = (await county.as('gc02').get(`/records/works.case/${id}/actions`)).tasks
    assert.deepEqual([task.node, task.assignee], ['handle', await person('gc02')])
  })

  it('an administrator moves a matter to another step', async () => {
    const made = await built('跳转件')
    const page = await at('gc04', made.path)
    await page.click('[data-command="process"]')
    await page.getByRole('menuitem', { name: '跳转', exact: true }).click()
    await dialog(page)
    await choose(page, 'process-target', '核查')
    await page.fill('#process-reason', '已在线下查询')
    await confirm(page)
    await closed(page)
    await leave(page)
    assert.equal(await state(made.id), 'checking')
  })

  it('matters go to a new version: a trial, by hand where the ids differ, refused ones listed', async () => {
    await county.redeploy((xml) => xml.replaceAll('"check"', '"verify"').replaceAll('name="核查"', 'name="复核"'))
    const page = await at('gc04', '/desk/processes?pack=works')
    await page.click('[data-migrate]')
    await page.waitForURL('**/desk/processes/works.case/migration')
    await ready(page)
    const [, all, free, blocked] = /在办 (\d+) 件，可以迁移 (\d+) 件，不能迁移 (\d+) 件/.exec(await page.textContent('[data-plan]')).map(Number)
    assert.ok(free > 0 && blocked > 0 && all === free + blocked, `${all} ${free} ${blocked}`)
    assert.match(await page.locator('[data-node="check"]').textContent(), /没有与 .* 对应的步骤/)
    await sound(page, 'migration')

    await page.fill('#migration-reason', '启用新版本（演示）')
    await page.click('[data-go]')
    await page.getByText(`迁移结束。 已迁移 ${free} 件，未迁移 ${blocked} 件。`).waitFor()
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /下载未迁移清单/ }).click()])
    assert.equal(readFileSync(await file.path(), 'utf8').trim().split('\r\n').length, blocked + 1)
    await sound(page, 'migrated')

    await page.reload()
    await ready(page)
    await choose(page, 'target-check', '复核')
    await page.waitForURL(/map=check(:|%3A)verify/)
    await page.getByText(`可以迁移 ${blocked} 件，不能迁移 0 件`).waitFor()
    await page.fill('#migration-reason', '按对应关系迁移（演示）')
    await page.click('[data-go]')
    await page.getByText(`迁移结束。 已迁移 ${blocked} 件，未迁移 0 件。`).waitFor()
    await leave(page)
    const { items } = await county.as('gc04').get('/processes')
    assert.deepEqual(items.find((p) => p.key === 'works.case').versions.map((v) => [v.version, v.running]), [[2, all], [1, 0]])
  })
})
