/** Periods a report usually covers, as [from, to) days. */
export interface Period { id: string; from: string; to: string }

const iso = (year: number, month: number, day: number) => new Date(Date.UTC(year, month, day)).toISOString().slice(0, 10)

/** This year, this month, last month, the last seven days, last year; `today` is yyyy-mm-dd. The end day is not in it. */
export function periods(today: string): Period[] {
  const [y = 1970, m = 1, d = 1] = today.split('-').map(Number)
  const end = iso(y, m - 1, d + 1)
  return [
    { id: 'year', from: iso(y, 0, 1), to: end },
    { id: 'month', from: iso(y, m - 1, 1), to: end },
    { id: 'lastmonth', from: iso(y, m - 2, 1), to: iso(y, m - 1, 1) },
    { id: 'week', from: iso(y, m - 1, d - 6), to: end },
    { id: 'lastyear', from: iso(y - 1, 0, 1), to: iso(y, 0, 1) },
  ]
}
