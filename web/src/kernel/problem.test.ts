import { describe, expect, it } from 'vitest'
import { Problem } from '../api/client'
import { explain, fieldErrors, say } from './problem'

const columns = [{ pointer: '/x', code: 'sheet.column', detail: '列 类别 无法对应' }, { pointer: '/y', code: 'sheet.column', detail: '列 街道 无法对应' }]

describe('what a problem says', () => {
  it.each([
    ['the reason and every part', new Problem(400, { code: 'sheet.columns', detail: '有些列无法对应到字段。', errors: columns }), '有些列无法对应到字段：列 类别 无法对应；列 街道 无法对应'],
    ['a part once', new Problem(400, { detail: '内容有误', errors: [...columns.slice(0, 1), ...columns.slice(0, 1)] }), '内容有误：列 类别 无法对应'],
    ['no part that the reason holds', new Problem(409, { detail: '状态不允许', errors: [{ pointer: '/s', code: 'x', detail: '状态不允许' }] }), '状态不允许'],
    ['words of its own when the server gives none', new Problem(0, { code: 'offline' }), '网络已断开，或服务器没有响应。'],
  ])('%s', (_name, problem, want) => { expect(say(problem)).toBe(want) })
  it.each([[0, 'offline', 'offline'], [401, '', 'signin'], [403, '', 'forbidden'], [404, '', 'missing'], [409, '', 'conflict'], [412, '', 'conflict'], [422, '', 'invalid'], [500, '', 'failed']])('%i %s is %s', (status, code, kind) => {
    expect(explain(new Problem(status, { code })).kind).toBe(kind)
  })
  it('puts an error of a row at its field, first one first', () => {
    const problem = new Problem(400, { errors: [{ pointer: '/lines/1/n', code: 'field.required', detail: '请填写数量' }, { pointer: '/lines/2/n', code: 'field.low', detail: '太小' }] })
    expect(fieldErrors(problem)).toEqual({ lines: '第 2 行：请填写数量' })
  })
})
