import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Field } from '../api/types'
import { checkField, computedText, fieldText, fieldTypes, isRequired, isVisible } from './fields'

const server = readdirSync(new URL('../../../kernel/schema/', import.meta.url))
  .map((name) => /^field_([a-z]+)\.go$/.exec(name)?.[1] ?? '')
  .filter((name) => name && name !== 'base' && name !== 'test')
  .sort()

it('has one folder for each field type of the server', () => {
  expect(fieldTypes()).toEqual(server)
  expect(server.length).toBe(34)
})

const fields: Field[] = [
  { name: 'kind', label: '类别', type: 'choice', choices: [{ id: 'other', label: '其他' }] },
  { name: 'why', label: '说明', type: 'text', required_when: ['=', ['var', 'kind'], 'other'], visible: ['=', ['var', 'kind'], 'other'] },
  { name: 'price', label: '单价', type: 'money' },
  { name: 'lines', label: '明细', type: 'rows', fields: [{ name: 'n', label: '数量', type: 'integer' }] },
  { name: 'total', label: '合计', type: 'computed', as: 'money', compute: ['*', ['var', 'price'], ['call', 'sum', ['get', ['var', 'lines'], 'n']]] },
  { name: 'odd', label: '其他', type: 'text', visible: ['call', 'lookup', 'a', 'b'] },
]
const by = (name: string) => fields.find((f) => f.name === name) as Field

describe('conditions of a form', () => {
  it.each([['other', true], ['else', false], [null, false]])('kind %s', (kind, want) => {
    expect(isVisible(by('why'), fields, { kind })).toBe(want)
    expect(isRequired(by('why'), fields, { kind })).toBe(want)
  })
  it('shows what only the server can decide', () => expect(isVisible(by('odd'), fields, {})).toBe(true))
  it('computes exactly over child rows', () => {
    expect(computedText(by('total'), fields, { price: '0.10', lines: [{ n: 1 }, { n: 2 }] })).toBe('0.3 元')
  })
  it('computes nothing from nothing', () => expect(computedText(by('total'), fields, { lines: [] })).toBe(''))
  it('asks for a required field', () => expect(checkField(by('why'), fields, { kind: 'other' })).toBe('请填写“说明”'))
})

describe('words of values', () => {
  it.each<[string, Field, unknown, string]>([
    ['choice', by('kind'), 'other', '其他'], ['money', by('price'), '1234.50', '1,234.50 元'], ['nothing', by('price'), null, ''],
    ['period', { name: 'p', label: '', type: 'period' }, { from: '2026-03-02' }, '2026-03-02 至 不限'],
    ['an unknown type shows its value', { name: 'p', label: '', type: 'hologram' }, 'x', 'x'],
  ])('%s', (_, field, value, want) => expect(fieldText(field, value as never)).toBe(want))
})
