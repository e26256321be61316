/** Days, instants and durations of FEEL, without the browser's zone: a zone is what the value says. */

const DAY = 86_400_000

/** A calendar day; n counts days from 1970-01-01. */
export class Day {
  constructor(readonly n: number) {}

  static of(year: number, month: number, day: number): Day | null {
    const at = new Date(0)
    at.setUTCFullYear(year, month - 1, day)
    const ok = at.getUTCFullYear() === year && at.getUTCMonth() === month - 1 && at.getUTCDate() === day
    return ok ? new Day(at.getTime() / DAY) : null
  }

  static parse(text: string): Day | null {
    const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
    return m ? Day.of(Number(m[1]), Number(m[2]), Number(m[3])) : null
  }

  private get date(): Date { return new Date(this.n * DAY) }
  get year(): number { return this.date.getUTCFullYear() }
  get month(): number { return this.date.getUTCMonth() + 1 }
  get day(): number { return this.date.getUTCDate() }
  /** Monday is 1, Sunday is 7. */
  get weekday(): number { return this.date.getUTCDay() || 7 }
  get lastOfMonth(): number { return new Date(Date.UTC(this.year, this.month, 0)).getUTCDate() }

  /** The same day of another month, or its last day where that month is shorter. */
  addMonths(months: number): Day {
    const index = this.year * 12 + this.month - 1 + months
    const first = new Day(Date.UTC(Math.floor(index / 12), ((index % 12) + 12) % 12, 1) / DAY)
    return new Day(first.n + Math.min(this.day, first.lastOfMonth) - 1)
  }

  toString(): string { return this.date.toISOString().slice(0, 10) }
}

/** A point in time with the offset it was written with, in minutes; without one it is local to the county. */
export class Instant {
  constructor(readonly ms: number, readonly offset: number | null) {}

  static parse(text: string): Instant | null {
    const m = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?$/.exec(text)
    const day = m ? Day.parse(m[1] ?? '') : null
    if (!m || !day || Number(m[2]) > 23 || Number(m[3]) > 59 || Number(m[4] ?? 0) > 59) return null
    const offset = parseOffset(m[6])
    const millis = Number(('0.' + (m[5] ?? '0'))) * 1000
    const wall = day.n * DAY + (Number(m[2]) * 60 + Number(m[3])) * 60_000 + Number(m[4] ?? 0) * 1000 + millis
    return new Instant(wall - (offset ?? 480) * 60_000, offset)
  }

  private get wall(): Date { return new Date(this.ms + (this.offset ?? 480) * 60_000) }
  get date(): Day { return new Day(Math.floor(this.wall.getTime() / DAY)) }
  get hour(): number { return this.wall.getUTCHours() }
  get minute(): number { return this.wall.getUTCMinutes() }
  get second(): number { return this.wall.getUTCSeconds() }

  addMonths(months: number): Instant {
    const moved = this.date.addMonths(months).n - this.date.n
    return new Instant(this.ms + moved * DAY, this.offset)
  }

  toString(): string {
    const wall = this.wall.toISOString().replace(/\.000Z$|Z$/, '')
    return wall + (this.offset === null ? '' : formatOffset(this.offset))
  }
}

function parseOffset(text: string | undefined): number | null {
  if (!text) return null
  if (text === 'Z') return 0
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(4, 6))
  return text[0] === '-' ? -minutes : minutes
}

function formatOffset(minutes: number): string {
  if (minutes === 0) return 'Z'
  const size = Math.abs(minutes)
  const two = (n: number) => String(n).padStart(2, '0')
  return (minutes < 0 ? '-' : '+') + two(Math.floor(size / 60)) + ':' + two(size % 60)
}

/** Days and time: exact seconds. */
export class Span {
  constructor(readonly seconds: number) {}

  toString(): string {
    const size = Math.abs(this.seconds)
    const days = Math.floor(size / 86400)
    const hours = Math.floor((size % 86400) / 3600)
    const minutes = Math.floor((size % 3600) / 60)
    const seconds = size % 60
    const time = (hours ? hours + 'H' : '') + (minutes ? minutes + 'M' : '') + (seconds ? seconds + 'S' : '')
    if (!days && !time) return 'PT0S'
    return (this.seconds < 0 ? '-' : '') + 'P' + (days ? days + 'D' : '') + (time ? 'T' + time : '')
  }
}

/** Years and months. */
export class Months {
  constructor(readonly n: number) {}

  toString(): string {
    const years = Math.floor(Math.abs(this.n) / 12)
    const months = Math.abs(this.n) % 12
    if (!this.n) return 'P0M'
    return (this.n < 0 ? '-' : '') + 'P' + (years ? years + 'Y' : '') + (months ? months + 'M' : '')
  }
}

export function parseDuration(text: string): Span | Months | null {
  const sign = text.startsWith('-') ? -1 : 1
  const body = sign < 0 ? text.slice(1) : text
  const months = /^P(?:(\d+)Y)?(?:(\d+)M)?$/.exec(body)
  if (months && (months[1] || months[2])) return new Months(sign * (Number(months[1] ?? 0) * 12 + Number(months[2] ?? 0)))
  const span = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(body)
  if (!span || !/\d/.test(body) || body.endsWith('T')) return null
  const [, d = '0', h = '0', m = '0', s = '0'] = span
  return new Span(sign * (Number(d) * 86400 + Number(h) * 3600 + Number(m) * 60 + Number(s)))
}

/** Whole months from one day to another, towards zero. */
export function monthsBetween(from: Day, to: Day): number {
  if (to.n < from.n) return -monthsBetween(to, from)
  const months = (to.year - from.year) * 12 + to.month - from.month
  return from.addMonths(months).n > to.n ? months - 1 : months
}
