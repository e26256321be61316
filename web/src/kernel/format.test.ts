import { describe, expect, it } from 'vitest'
import { dayOf, formatDue, formatInstant, formatNumber, formatSize, formatSpan } from './format'

const minute = 60_000
const hour = 60 * minute

describe('formatInstant', () => {
  it.each([
    ['china', '2026-03-02T09:30:00+08:00', '2026-03-02 09:30'],
    ['utc becomes china', '2026-03-02T16:30:00Z', '2026-03-03 00:30'],
    ['empty', '', ''],
    ['not a time', 'soon', 'soon'],
    ['nothing', null, ''],
  ])('%s', (_, value, want) => expect(formatInstant(value)).toBe(want))
})

describe('formatNumber', () => {
  it.each([
    ['1234567.50', '1,234,567.50'], ['-1000', '-1,000'], ['999', '999'], [12345, '12,345'],
    ['12345678901234567890.01', '12,345,678,901,234,567,890.01'], ['', ''], ['n/a', 'n/a'],
  ])('%s', (value, want) => expect(formatNumber(value)).toBe(want))
})

describe('formatSpan', () => {
  it.each([
    [30_000, '1 分钟'], [90 * minute, '1 小时 30 分钟'], [26 * hour, '1 天 2 小时'], [48 * hour, '2 天'], [-3 * hour, '3 小时'],
  ])('%d', (ms, want) => expect(formatSpan(ms)).toBe(want))
})

describe('formatDue', () => {
  const now = new Date('2026-03-02T09:00:00+08:00')
  it('counts down', () => expect(formatDue('2026-03-02T11:00:00+08:00', now)).toBe('剩 2 小时'))
  it('counts what is over', () => expect(formatDue('2026-03-01T09:00:00+08:00', now)).toBe('超 1 天'))
  it('says nothing without a date', () => expect(formatDue('', now)).toBe(''))
})

it('formats sizes', () => expect([900, 2048, 3_500_000].map(formatSize)).toEqual(['900 B', '2 KB', '3.3 MB']))
it('takes the day in china', () => expect(dayOf(new Date('2026-03-01T16:00:00Z'))).toBe('2026-03-02'))
