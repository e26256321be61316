import { expect, it } from 'vitest'
import { allPicked, picked, pickedAll } from './pick'

it('picks rows one by one and all at once', () => {
  expect(picked(['a'], 'b', true)).toEqual(['a', 'b'])
  expect(picked(['a', 'b'], 'b', true)).toEqual(['a', 'b'])
  expect(picked(['a', 'b'], 'a', false)).toEqual(['b'])
  const rows = [{ id: 'a' }, { id: 'b' }]
  expect(pickedAll(rows, true)).toEqual(['a', 'b'])
  expect(pickedAll(rows, false)).toEqual([])
  expect([allPicked(rows, ['b', 'a']), allPicked(rows, ['a']), allPicked(rows, ['a', 'c']), allPicked([], [])]).toEqual([true, false, false, false])
})
