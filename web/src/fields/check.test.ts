import { describe, expect, it } from 'vitest'
import * as check from './check'

const field = { name: 'x', label: 'x', type: 'text' }

describe('identity numbers (GB 11643)', () => {
  // The example of the standard, and it with a wrong end.
  it.each([['11010519491231002X', false], ['110105194912310021', true], ['11010519491231002', true]])('%s', (n, wrong) => {
    expect(check.idcard(n) !== '').toBe(wrong)
  })
})

describe('unified social credit codes (GB 32100)', () => {
  it.each([['91350100M000100Y43', false], ['91350100M000100Y44', true], ['9135010OM000100Y43', true]])('%s', (n, wrong) => {
    expect(check.uscc(n) !== '').toBe(wrong)
  })
})

describe('telephone numbers', () => {
  it.each([['13800000000', false], ['+86 138-0000-0000', false], ['0531-88880000', false], ['12345', false], ['4000000000', false], ['12800000000', true], ['abc', true]])(
    '%s', (n, wrong) => expect(check.phone(n) !== '').toBe(wrong))
})

describe('numbers', () => {
  it.each<[string, string, object, boolean, string]>([
    ['whole', '12', {}, true, ''], ['fraction in a whole', '1.5', {}, true, 'check.integer'], ['words', 'x', {}, false, 'check.number'],
    ['too fine', '1.234', { scale: 2 }, false, 'check.scale'], ['too low', '1', { low: 2 }, false, 'check.low'], ['too high', '3', { high: '2.5' }, false, 'check.high'],
    ['trailing zeros are no digits', '1.20', { scale: 1 }, false, ''],
  ])('%s', (_, value, limits, whole, want) => expect(check.number(value, { ...field, ...limits }, whole)).toBe(want))
})

it('orders periods', () => {
  expect(check.period({ from: '2026-03-02', to: '2026-03-01' })).toBe('check.period')
  expect(check.period({ from: '2026-03-02' })).toBe('')
})
