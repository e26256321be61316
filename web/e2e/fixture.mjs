// A small stand-in for the server, with a record type that has every field type and with every state of a page. Only for
// what the demo does not have; it is never shipped.
import { createServer } from 'node:http'
import { readFileSync, existsSync } from 'node:fs'
import { extname, join } from 'node:path'

const dist = new URL('../dist/', import.meta.url).pathname
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'none'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' }
const actions = ['read', 'create', 'update', 'delete', 'restore', 'history', 'export', 'import', 'unmask', 'merge', 'close']

const field = (name, type, label, more = {}) => ({ name, type, label, grade: 2, masked: false, ...more })
const fields = [
  field('title_text', 'text', '名称', { required: true, max: 50, list: 1, filter: true, search: true, section: 'base', section_label: '基本情况' }),
  field('detail', 'longtext', '详细说明', { max: 500, search: true, section: 'base', section_label: '基本情况' }),
  field('kind', 'code', '类别', { of: 'demo.kind', leaf: true, required: true, list: 2, filter: true, section: 'base', section_label: '基本情况' }),
  field('source', 'choice', '来源', { choices: [{ id: 'citizen', label: '市民上报' }, { id: 'patrol', label: '巡查发现' }, { id: 'other', label: '其他' }], list: 3, filter: true, section: 'base', section_label: '基本情况' }),
  field('why', 'text', '其他来源说明', { visible: ['=', ['var', 'source'], 'other'], required_when: ['=', ['var', 'source'], 'other'], section: 'base', section_label: '基本情况' }),
  field('urgent', 'boolean', '是否紧急', { filter: true }), field('count', 'integer', '数量', { low: 0, high: 99, filter: true }), field('weight', 'decimal', '重量', { scale: 3 }),
  field('price', 'money', '单价', { list: 4, filter: true }), field('total', 'computed', '合计', { as: 'money', readonly: true, compute: ['*', ['var', 'count'], ['var', 'price']] }),
  field('day', 'date', '发生日期', { filter: true }), field('at', 'datetime', '发现时间'), field('span', 'period', '有效期'),
  field('place', 'place', '地点', { required: true, section: 'place', section_label: '位置' }), field('area_of', 'area', '所属区域', { filter: true, section: 'place', section_label: '位置' }),
  field('road', 'line', '路线', { section: 'place', section_label: '位置' }), field('zone', 'polygon', '范围', { section: 'place', section_label: '位置' }),
  field('unit', 'org', '责任单位', { filter: true, section: 'who', section_label: '人员' }), field('handler', 'person', '办理人', { section: 'who', section_label: '人员' }),
  field('reporter', 'text', '报告人', { grade: 3, masked: true, section: 'who', section_label: '人员' }), field('phone', 'phone', '电话', { grade: 3, section: 'who', section_label: '人员' }),
  field('card', 'idcard', '身份证号', { section: 'who', section_label: '人员' }), field('code', 'uscc', '信用代码', { section: 'who', section_label: '人员' }),
  field('mail', 'email', '邮箱', { section: 'who', section_label: '人员' }), field('link', 'url', '网址', { section: 'who', section_label: '人员' }), field('key', 'secret', '密钥', { section: 'who', section_label: '人员' }),
  field('parent', 'ref', '关联件', { of: 'demo.all', section: 'more', section_label: '附加' }), field('others', 'refs', '相关件', { of: 'demo.all', section: 'more', section_label: '附加' }),
  field('scan', 'file', '扫描件', { section: 'more', section_label: '附加' }), field('papers', 'files', '材料', { max: 5, section: 'more', section_label: '附加' }),
  field('face', 'image', '正面照', { section: 'more', section_label: '附加' }), field('photos', 'images', '照片', { max: 9, section: 'more', section_label: '附加' }),
  field('lines', 'rows', '明细', { section: 'more', section_label: '附加', fields: [field('item', 'text', '品名', { required: true }), field('n', 'integer', '数量')] }),
  field('article', 'richtext', '正文', { section: 'more', section_label: '附加' }), field('extra', 'json', '扩展', { section: 'more', section_label: '附加' }), field('serial', 'number', '业务编号', { readonly: true, section: 'more', section_label: '附加' }),
]
const type = {
  name: 'demo.all', label: '全字段件', pack: 'demo', flow: true, place: 'place', sort: '-created_at', actions, fields, duplicates: true, states: [{ id: 'open', label: '办理中' }, { id: 'closed', label: '已结案' }],
  commands: [{ name: 'close', label: '结案', reason: true, form: [], input: [field('score', 'integer', '评分', { required: true, low: 1, high: 5 })] }],
  related: [{ type: 'demo.all', field: 'parent', label: '下级件' }],
}
const row = (i, more = {}) => ({
  type: 'demo.all', id: `id-${i}`, number: `2026030${i}`, title: `第 ${i} 号全字段件`, rev: 3, state: i % 2 ? 'open' : 'closed', area: '/001/', org: '/county/a/', owner: 'p1',
  created_at: '2026-03-02T09:30:00+08:00', created_by: 'p1', updated_at: '2026-03-02T10:30:00+08:00', updated_by: 'p1', title_text: `名称 ${i}`, detail: '路面井盖缺失，\n请尽快处理。', kind: '0102', source: 'citizen',
  urgent: true, count: 3, weight: '1.250', price: '1234.50', total: '3703.50', day: '2026-03-01', at: '2026-03-01T08:00:00+08:00', span: { from: '2026-03-01', to: '2026-12-31' },
  place: { lon: 117.1 + i / 1000, lat: 36.65, address: '东街 1 号', grid: 'g1', area: '/001/' }, area_of: '/001/', unit: '/county/a/', handler: 'p1', reporter: '演*', phone: '138****0000', card: null, mail: 'a@example.org', link: 'https://example.org/x',
  road: { type: 'LineString', coordinates: [[117.1, 36.6], [117.2, 36.7]] }, parent: 'id-9', others: ['id-8', 'id-9'], photos: [{ id: 'f1', name: '现场.png', size: 2048, type: 'image/png' }], papers: [{ id: 'f2', name: '材料.pdf', size: 204800, type: 'application/pdf' }],
  lines: [{ item: '井盖', n: 2 }], article: '<p>正文<strong>加粗</strong><script>alert(1)</script></p><p style="color:red">红</p>', extra: { a: [1, 2] },
  _display: { kind: '部件 / 井盖', unit: '演示单位', handler: '演示员甲', area_of: '东街', state: i % 2 ? '办理中' : '已结案', area: '东街', org: '演示单位', owner: '演示员甲', created_by: '演示员甲', parent: '第 9 号', others: ['第 8 号', '第 9 号'] },
  _masked: ['reporter', 'phone'], _light: { color: ['green', 'yellow', 'red', 'paused', 'done'][i % 5], due: '2027-03-02T12:00:00+08:00', provisional: i === 1 }, ...more,
})
const clocks = [
  { name: 'handle', label: '处置时限', level: 'red', due: '2026-03-02T12:00:00+08:00', card: true, state: 'running' }, { name: 'total', label: '总时限', level: 'warn', due: '2027-03-02T12:00:00+08:00', card: false, state: 'running' },
]
const task = (i, more = {}) => ({
  id: `t${i}`, state: 'open', type: 'demo.all', type_label: '全字段件', record: `id-${i}`, number: `2026030${i}`, title: `第 ${i} 号全字段件`, node: 'accept', label: '受理', assignee: 'p1', assignee_name: '演示员甲', mine: true, claimable: false,
  created: '2026-03-02T09:30:00+08:00', due: '2027-03-02T12:00:00+08:00', light: ['green', 'yellow', 'red', 'paused', 'none'][i % 5], form: [{ name: 'kind', required: true }], show: [], kind: 'node', choose: true, clocks,
  outcomes: [{ id: 'accept', label: '予以受理', reason: false, form: [] }, { id: 'refuse', label: '不予受理', reason: true, form: [] }], commands: ['complete', 'release', 'return', 'transfer', 'delegate', 'urge', 'pause', 'extend', 'withdraw', 'copy', 'consult', 'add', 'appeal', 'supervise'], ...more,
})
const xml = `<?xml version="1.0"?><bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" id="d" targetNamespace="urn:x"><bpmn:process id="p"><bpmn:userTask id="accept" name="受理"/><bpmn:userTask id="handle" name="处置"/><bpmn:endEvent id="end" name="结案"/></bpmn:process><bpmndi:BPMNDiagram id="dia"><bpmndi:BPMNPlane id="pl" bpmnElement="p"><bpmndi:BPMNShape id="s1" bpmnElement="accept"><dc:Bounds x="100" y="100" width="100" height="80"/></bpmndi:BPMNShape><bpmndi:BPMNShape id="s2" bpmnElement="handle"><dc:Bounds x="260" y="100" width="100" height="80"/></bpmndi:BPMNShape><bpmndi:BPMNShape id="s3" bpmnElement="end"><dc:Bounds x="420" y="122" width="36" height="36"/></bpmndi:BPMNShape></bpmndi:BPMNPlane></bpmndi:BPMNDiagram></bpmn:definitions>`
const people = [{ id: 'p1', name: '演示员甲', org_name: '演示单位', roles: ['demo.clerk'] }, { id: 'p2', name: '演示员乙', org_name: '演示单位', roles: [] }]
const me = {
  person: { id: 'p1', name: '演示员甲' }, post: 'post1', posts: [{ id: 'post1', name: '受理员 演示单位', org: '/county/a/', org_name: '演示单位', area: '/', area_name: '全县', roles: ['demo.clerk'] }, { id: 'post2', name: '值班长 指挥中心', org: '/county/b/', org_name: '指挥中心', area: '/', area_name: '全县', roles: ['demo.chief'] }],
  roles: ['demo.clerk'], clearance: 2, menu: [{ id: 'demo.all', label: '全字段件', type: 'demo.all', order: 1 }, { id: 'demo.open', label: '办理中的件', type: 'demo.all', filter: 'state = "open"', order: 2 }, { id: 'demo.numbers', label: '演示指标', page: 'indicators', pack: 'demo', order: 3 }], unread: 2, demo: true, note: '虚构地图，仅供演示',
}
const problem = (status, code, detail, errors = []) => ({ status, problem: { type: 'about:blank', title: detail, status, code, detail, errors, trace: 'trace-0001' } })
const indicator = { id: 'demo.on_time', label: '按期办结率', basis: '时段内办结的件中，在时限内办结的比例。', unit: 'percent', by: [{ id: 'area:2', label: '镇街' }, { id: 'unit', label: '责任单位' }], type: 'demo.all' }

const incident = (i, more = {}) => ({
  id: `i${i}`, instance: `in${i}`, process: 'demo.flow', process_label: '演示流程', type: 'demo.all', type_label: '全字段件', record: `id-${i}`, number: `2026030${i}`, title: `第 ${i} 号全字段件`, node: 'handle', label: '处置',
  code: 'flow.call.failed', text: '外部系统没有答复，已放弃。', detail: 'http.503', call: true, at: '2026-03-02T09:30:00+08:00', commands: ['retry', 'skip', 'resolve'], ...more,
})
const running = {
  instance: 'in1', process: 'demo.flow', label: '演示流程', version: 1, latest: 2, state: 'running', state_label: '运行中', clocks, commands: ['supervise', 'urge', 'suspend', 'cancel', 'due', 'jump', 'migrate'],
  targets: [{ node: 'accept', label: '受理' }, { node: 'handle', label: '处置' }], tokens: [{ id: 1, node: 'accept', label: '受理', state: 'live' }, { id: 2, node: 'handle', label: '处置', state: 'failed' }], incidents: [incident(1)],
  children: [{ instance: 'in9', label: '协办流程', state: 'running' }],
}

const plan = (body) => ({
  from: body.from, to: body.to, instances: 120, ready: body.map?.handle ? 120 : 70, xml_from: xml, xml_to: xml, targets: [{ node: 'accept', label: '受理' }, { node: 'dispose', label: '处置（新）' }],
  nodes: [
    { node: 'accept', label: '受理', to: 'accept', to_label: '受理', itself: true, tokens: 70, blocks: [] },
    { node: 'handle', label: '处置', to: body.map?.handle ?? '', to_label: '', itself: false, tokens: 50, blocks: body.map?.handle ? [] : [{ code: 'flow.migrate.node', label: '新版本中没有对应的步骤', count: 50 }] },
  ],
})
const part = (body) => ({
  done: 48, refused: [1, 2].map((i) => ({ instance: `${body.after}-${i}`, type: 'demo.all', record: `id-${i}`, number: `2026030${i}`, code: 'flow.migrate.node', label: '新版本中没有对应的步骤' })), next: { '': 'b', 'b': 'c' }[body.after] ?? '',
})

const model = {
  key: 'demo.allowance', label: '高龄津贴（演示）', version: '2026', from: '2026-01-01', to: null, law: true, decisions: [{ id: 'grant', name: '是否发放', inputs: [
    { name: '年龄', label: '年龄', type: 'number' }, { name: '户籍', label: '本县户籍', type: 'boolean' }, { name: '申请日', label: '申请日期', type: 'date' }, { name: '类别', label: '类别', type: 'string' }, { name: '家庭', label: '家庭情况', type: 'context' }] }],
}
const evaluation = (body) => ({
  key: model.key, version: '2026', sha256: 'x', decision: '是否发放', date: body.date, value: body.inputs['年龄'] ? '每月 70 元' : null, trace: {}, verdict: body.inputs['年龄'] ? 'value' : 'incomplete', verdict_label: body.inputs['年龄'] ? '已得出结论' : '待补充',
  missing: body.inputs['年龄'] ? [] : [{ name: '年龄', label: '年龄' }], rules: body.inputs['年龄'] ? [{ table: '是否发放', row: 2, basis: ['办法（演示）第五条'] }] : [],
})

/** Answers GET by path; a function of the query gives what depends on it. */
const gets = {
  '/me': () => me, '/sessions': () => ({ items: [{ id: 's1', created: '2026-03-02T09:00:00+08:00', seen: '2026-03-02T10:00:00+08:00', agent: 'Chromium', current: true }, { id: 's2', created: '2026-03-01T09:00:00+08:00', seen: '2026-03-01T10:00:00+08:00', agent: '', current: false }] }),
  '/demo/accounts': () => ({ items: [{ username: 'a', name: '演示员甲', role: 'demo.clerk', role_label: '受理员', org_name: '演示单位', password: 'x' }] }), '/locale/zh-CN': () => ({ 'ui.op.create': '创建' }),
  '/types': () => ({ items: [{ name: 'demo.all', label: '全字段件', pack: 'demo', pack_label: '演示', actions }] }), '/types/demo.all': () => type,
  '/codes/demo.kind': () => ({ items: [{ code: '01', name: '部件', leaf: false }, { code: '0101', name: '路灯', parent: '01', leaf: true }, { code: '0102', name: '井盖', parent: '01', leaf: true }] }),
  '/records/demo.all': (q) => (q.get('q') === 'none' ? { items: [], next: '', total: 0 } : q.get('q') === 'broken' ? problem(500, 'internal', '系统内部错误') : q.get('q') === 'slow' ? null : { items: [1, 2, 3, 4, 5].map((i) => row(i)), next: q.get('cursor') ? '' : 'c2', total: 10 }),
  '/records/demo.all/id-1/history': () => ({ items: [{ rev: 2, op: 'update', at: '2026-03-02T10:00:00+08:00', by: 'p1', by_name: '演示员甲', reason: '更正', fields: { price: ['1000.00', '1234.50'], state: ['open', 'closed'] } }, { rev: 1, op: 'create', at: '2026-03-02T09:30:00+08:00', by: 'p1', by_name: '演示员甲', reason: '', fields: {} }] }),
  '/records/demo.all/id-1/timeline': () => ({ items: [{ at: '2026-03-02T09:30:00+08:00', kind: 'record', label: '创建', by_name: '演示员甲' }, { at: '2026-03-02T10:00:00+08:00', kind: 'task', label: '办结', by_name: '演示员乙', node_label: '受理', outcome_label: '予以受理', reason: '情况属实' }] }),
  '/records/demo.all/id-1/tasks': () => ({ items: [task(1), task(2, { id: 't9', node: 'verify', label: '核实', assignee_name: '演示员乙' })] }),
  '/records/demo.all/id-1/actions': () => ({ commands: type.commands, tasks: [task(1), task(2, { id: 't8', record: 'id-1', kind: 'supervise', asked: { by_name: '演示员乙', reason: '三日内说明进展' }, outcomes: [], form: [], choose: false, commands: ['complete'] })] }), '/records/demo.all/id-1/flow': () => ({ xml, active: ['handle'], done: ['accept'] }),
  '/decisions': (q) => ({ items: q.get('date') < '2026-01-01' ? [] : [model] }), '/processes': () => ({ items: [{ key: 'demo.flow', label: '演示流程', type: 'demo.all', type_label: '全字段件', migrate: true, versions: [{ version: 3, running: 0, ended: 0 }, { version: 2, running: 120, ended: 4 }, { version: 1, running: 0, ended: 9 }] }, { key: 'demo.one', label: '单版本流程', type: 'demo.all', type_label: '全字段件', migrate: true, insight: false, versions: [{ version: 1, running: 3, ended: 0 }] }] }),
  '/processes/demo.flow/insight': () => ({ key: 'demo.flow', label: '演示流程', type: 'demo.all', type_label: '全字段件', versions: [], nodes: [], xml, picture: 2, measures: [], from: '2026-01-01', to: '2026-12-31' }),
  '/records/demo.all/id-1/process': () => running, '/incidents': (q) => ({ items: q.get('process') === 'demo.none' ? [] : [incident(1), incident(2, { call: false, commands: ['retry', 'skip'], text: '出现没有人处理的错误。' }), incident(3, { title: '', commands: [] })], next: '' }),
  '/records/demo.all/id-1/duplicates': () => ({ items: [{ record: row(2), score: 0.83, distance: 12 }] }), '/records/demo.all/id-1/proof': () => ({ subject: 'demo.all/id-1', proofs: [] }),
  '/tasks': (q) => ({ items: q.get('scope') === 'pool' ? [task(4, { mine: false, claimable: true, assignee: '', commands: ['claim'] })] : q.get('state') === 'done' ? [] : [1, 2, 3].map((i) => task(i)), next: '' }),
  '/tasks/t1/return-targets': () => ({ items: [{ node: 'report', label: '上报', handler_name: '演示员乙', cancels: ['verify'], direct: true }, { node: 'start', label: '起点', cancels: [], refused: '已超过可退回范围' }] }),
  '/inbox': () => ({ items: [{ id: 'n1', at: '2026-03-02T09:30:00+08:00', text: '您有新的任务：受理', subject: 'demo.all/id-1', read: false }, { id: 'n2', at: '2026-03-01T09:30:00+08:00', text: '第 2 号件即将到期', subject: 'demo.all/id-2', read: true }], unread: 1 }),
  '/people': () => ({ items: people }), '/orgs': () => ({ items: [{ path: '/county/', name: '演示县' }, { path: '/county/a/', name: '演示单位', parent: '/county/' }] }),
  '/areas': (q) => ({ items: q.get('parent') ? (q.get('parent') === '/001/' ? [{ path: '/001/01/', code: '01', name: '一村', level: 2 }] : []) : [{ path: '/001/', code: '001', name: '东街', level: 1 }, { path: '/002/', code: '002', name: '西街', level: 1 }] }),
  '/map': () => ({ bbox: [117, 36.5, 117.3, 36.8], note: '虚构地图，仅供演示', layers: [{ id: 'county', label: '县界', kind: 'base', geometry: 'polygon', min_zoom: 0 }, { id: 'demo.cases', label: '全字段件', kind: 'records', type: 'demo.all', geometry: 'point', min_zoom: 8 }] }),
  '/indicators': () => ({ items: [indicator] }),
  '/indicators/demo.on_time': () => ({ ...indicator, formula: 'closed_in_time / closed', rows: [{ key: '/001/', label: '东街', numerator: 45, denominator: 50, value: '90.00', filter: 'starts with(area, "/001/")' }, { key: '/002/', label: '西街', numerator: 0, denominator: 0, value: null, filter: '' }], total: { key: null, label: '', numerator: 45, denominator: 50, value: '90.00' } }),
}

function answerPost(path, body) {
  if (path === '/session') return body.password === 'wrong' ? problem(401, 'signin.wrong', '用户名或密码不正确') : { token: 't', ...me }
  if (path === '/records/demo.all') return problem(400, 'record.invalid', '内容不符合要求', [{ pointer: '/price', code: 'field.low', detail: '单价不能为负数' }, { pointer: '/lines/0/n', code: 'field.required', detail: '请填写数量' }])
  if (path.endsWith(':bulk')) return { items: body.ids.map((id, i) => ({ id, ok: i > 0, error: i > 0 ? undefined : { detail: '状态不允许' } })) }
  if (path.endsWith(':import')) return { rows: 3, created: 2, updated: 0, failed: 1, errors: [{ row: 2, field: '单价', detail: '应为数字' }], file: 'f9' }
  if (path.endsWith('/unmask')) return { fields: { reporter: '演示报告人', phone: '13800000000' } }
  if (path === '/tasks:act') {
    const items = body.tasks.map(({ id }) => ({ task: id, number: '', title: `第 ${id.slice(1)} 号全字段件`, done: id !== 't2', fault: id === 't2' ? { code: 'task.taken', detail: '该任务已由演示员乙办理。' } : undefined }))
    return { items, done: items.filter((r) => r.done).length, refused: items.filter((r) => !r.done).length }
  }
  if (path === '/tasks/t2/commands/complete') return problem(409, 'task.done', '演示员乙已经办理')
  if (path === '/decisions/demo.allowance/grant:evaluate') return evaluation(body)
  if (path === '/processes/demo.flow/migration:plan') return plan(body)
  if (path === '/processes/demo.flow/migration') return part(body)
  if (path.startsWith('/incidents/i2/')) return problem(409, 'flow.incident.closed', '演示员乙已经处理')
  if (path.startsWith('/incidents/')) return { record: { type: 'demo.all', id: 'id-1' } }
  if (path.startsWith('/records/demo.all/id-1/process/')) return running
  if (path === '/files') return { id: 'f-new', name: '新文件.png', size: 100, type: 'image/png' }
  return { record: row(1), tasks: [] }
}

/** Starts the stand-in; `signedIn` false answers 401 everywhere. */
export async function startFixture({ signedIn = true, denied = '' } = {}) {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://x')
    const json = (value) => {
      const status = value?.problem ? value.status : 200
      response.writeHead(status, { 'Content-Type': status === 200 ? 'application/json' : 'application/problem+json' }).end(JSON.stringify(value?.problem ?? value ?? {}))
    }
    if (url.pathname.startsWith('/api/v1')) {
      const path = decodeURIComponent(url.pathname.slice(7))
      let text = ''
      for await (const part of request) text += part
      if (path === '/events') return void response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(': hello\n\n')
      if (denied && path.startsWith(denied)) return json(problem(403, 'policy.denied', '受理员不能查看此类记录'))
      if (!signedIn && path !== '/session' && path !== '/demo/accounts') return json(problem(401, 'signin', '请登录'))
      if (request.method === 'POST' || request.method === 'PUT' || request.method === 'PATCH') {
        let body = {}
        try { body = JSON.parse(text) } catch { body = {} }
        return json(request.method === 'PATCH' ? problem(412, 'record.stale', '记录已被修改') : answerPost(path, body))
      }
      const made = gets[path]
      if (made) { const value = made(url.searchParams); return value === null ? undefined : json(value) }
      const one = /^\/records\/demo\.all\/id-(\d+)$/.exec(path)
      if (one) return json(row(Number(one[1])))
      if (path.startsWith('/files/')) return void response.writeHead(200, { 'Content-Type': 'image/svg+xml' }).end('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 6"><path d="M0 0h8v6H0z" fill="#7fb2dd"/></svg>')
      return json(/^\/records\/.*\/(history|timeline|tasks|duplicates)$/.test(path) ? { items: [] } : problem(404, 'missing', '没有找到'))
    }
    if (url.pathname.startsWith('/tiles/')) return void response.writeHead(200, { 'Content-Type': 'application/vnd.mapbox-vector-tile' }).end()
    const file = url.pathname.startsWith('/assets/') ? join(dist, url.pathname) : join(dist, 'desk.html')
    if (!existsSync(file)) return void response.writeHead(404).end()
    response.writeHead(200, { 'Content-Type': types[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': policy, 'X-Content-Type-Options': 'nosniff' }).end(readFileSync(file))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { base: `http://127.0.0.1:${server.address().port}`, stop: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve) }) }
}
