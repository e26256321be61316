import { describe, expect, it } from 'vitest'
import type { DecisionModel } from '../api/types'
import { choicesOf, chosenDecision, fieldsOf, given, valueText } from './decide'

const inputs = [{ name: '年龄', label: '年龄', type: 'number' }, { name: '户籍', label: '本县户籍', type: 'boolean' }, { name: '自', label: '起', type: 'date' }, { name: '家庭', label: '家庭', type: 'context' }, { name: '说明', label: '说明', type: 'string' }]

it('asks for each input by its type', () => {
  expect(fieldsOf(inputs).map((f) => [f.name, f.label, f.type])).toEqual([['年龄', '年龄', 'decimal'], ['户籍', '本县户籍', 'boolean'], ['自', '起', 'date'], ['家庭', '家庭', 'json'], ['说明', '说明', 'text']])
})

it('sends what was filled in and nothing else', () => {
  expect(given(inputs, { 年龄: '61', 户籍: false, 自: null, 说明: '', 另外: 'x' })).toEqual({ 年龄: '61', 户籍: false })
})

describe('a conclusion in words', () => {
  it.each([[null, '（空）'], [true, '是'], [12.5, '12.5'], ['发放', '发放'], [[1, 'a'], '1、a'], [{ 标准: 70, 发放: true }, '标准：70；发放：是']])('%j', (value, want) => {
    expect(valueText(value)).toBe(want)
  })
})

describe('which decision', () => {
  const model = (key: string, ...names: string[]): DecisionModel => ({ key, label: key + '模型', version: '1', from: null, to: null, law: false, decisions: names.map((id) => ({ id, name: id, inputs: [] })) })
  const models = [model('a', 'x'), model('b', 'y', 'z')]
  it('is offered by the name of its model', () => {
    expect(choicesOf(models)).toEqual([{ id: 'a/x', label: 'a模型' }, { id: 'b/y', label: 'b模型 · y' }, { id: 'b/z', label: 'b模型 · z' }])
  })
  it.each([['b/z', 'b', 'z'], ['b/none', 'a', 'x'], ['', 'a', 'x']])('for %s', (id, key, name) => {
    const got = chosenDecision(models, id)
    expect([got?.model.key, got?.decision.id]).toEqual([key, name])
  })
  it('is none where there is none', () => {
    expect(chosenDecision([], 'a/x')).toBeUndefined()
  })
})
