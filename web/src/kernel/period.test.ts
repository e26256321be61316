import { expect, it } from 'vitest'
import { periods } from './period'

it('covers days up to today, over the turn of the year', () => {
  expect(periods('2026-01-03')).toEqual([
    { id: 'year', from: '2026-01-01', to: '2026-01-04' },
    { id: 'month', from: '2026-01-01', to: '2026-01-04' },
    { id: 'lastmonth', from: '2025-12-01', to: '2026-01-01' },
    { id: 'week', from: '2025-12-28', to: '2026-01-04' },
    { id: 'lastyear', from: '2025-01-01', to: '2026-01-01' },
  ])
})
