import { describe, expect, it } from 'vitest'
import { heatLevel } from './heat'

describe('heatLevel', () => {
  it.each([[0, 10, 0], [-1, 10, 0], [1, 10, 1], [3, 10, 2], [10, 10, 4], [1, 1, 4], [5, 0, 0]])('%i of %i is %i', (value, top, want) => {
    expect(heatLevel(value, top)).toBe(want)
  })
})
