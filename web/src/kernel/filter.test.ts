import { describe, expect, it } from 'vitest'
import { filterKind, fromQuery, quote, toFeel, toQuery, type Filters } from './filter'

const kinds = {
  category: 'choice', detail: 'text', area: 'path', amount: 'number', day: 'date', created_at: 'instant', urgent: 'boolean',
} as const

describe('toFeel', () => {
  it.each<[string, Filters, string, string]>([
    ['nothing', {}, '', ''],
    ['the menu alone', {}, 'owner = user.id', 'owner = user.id'],
    ['one choice', { category: ['0102'] }, '', 'category = "0102"'],
    ['several choices', { category: ['0102', '0103'] }, '', 'category in ["0102", "0103"]'],
    ['text with quotes', { detail: ['a"b\\c'] }, '', 'contains(detail, "a\\"b\\\\c")'],
    ['a subtree', { area: ['/x/y/'] }, '', 'starts with(area, "/x/y/")'],
    ['two subtrees', { area: ['/x/', '/y/'] }, '', '(starts with(area, "/x/") or starts with(area, "/y/"))'],
    ['number range', { amount: ['1', '2.5'] }, '', 'amount >= 1 and amount <= 2.5'],
    ['open range', { amount: ['', '2.5'] }, '', 'amount <= 2.5'],
    ['no number', { amount: ['1 or true', ''] }, '', ''],
    ['days', { day: ['2026-03-01', '2026-03-31'] }, '', 'day >= date("2026-03-01") and day <= date("2026-03-31")'],
    ['instants end after the last day', { created_at: ['', '2026-02-28'] }, '', 'created_at < date and time("2026-03-01T00:00:00+08:00")'],
    ['boolean', { urgent: ['true'] }, '', 'urgent = true'],
    ['menu and filter', { category: ['1'] }, 'a = 1 or b = 2', '(a = 1 or b = 2) and category = "1"'],
    ['an unknown field is no condition', { 'x) or true': ['1'] }, '', ''],
  ])('%s', (_, filters, where, want) => expect(toFeel(filters, kinds, where)).toBe(want))
})

describe('the address bar', () => {
  it.each<[string, Filters]>([
    ['plain', { category: ['0102', '0103'] }],
    ['commas and percents', { detail: ['a,b%2C', 'c'] }],
    ['open range', { amount: ['', '9'] }],
  ])('keeps %s', (_, filters) => expect(fromQuery(toQuery(filters))).toEqual(filters))
  it('drops empty filters', () => expect(toQuery({ a: ['', ''] })).toEqual({}))
  it('ignores other parameters', () => expect(fromQuery({ q: 'x', 'f.a': '1', 'f.b': ['1', '2'] })).toEqual({ a: ['1'] }))
  it('survives broken escapes', () => expect(fromQuery({ 'f.a': '%zz' })).toEqual({ a: ['%zz'] }))
})

describe('filterKind', () => {
  it.each([['code', 'choice'], ['datetime', 'instant'], ['org', 'path'], ['rows', 'none'], ['secret', 'none'], ['money', 'number']])(
    '%s is %s', (type, want) => expect(filterKind({ type })).toBe(want))
  it('asks a computed field what it is', () => expect(filterKind({ type: 'computed', as: 'decimal' })).toBe('number'))
})

it('quotes line ends', () => expect(quote('a\nb')).toBe('"a\\nb"'))
