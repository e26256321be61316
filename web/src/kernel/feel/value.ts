import { Decimal } from './decimal'
import { Day, Instant, Months, parseDuration, Span } from './time'

/** A range whose bound null is open. */
export class Range {
  constructor(readonly low: Value, readonly high: Value, readonly lowClosed: boolean, readonly highClosed: boolean) {}
}

/** A function value: a literal with its parameters, or a named built-in. */
export class Fn {
  constructor(readonly params: string[], readonly call: (args: Value[]) => Value) {}
}

export type Context = Map<string, Value>
export type Value = null | boolean | string | Decimal | Day | Instant | Span | Months | Range | Fn | Context | Value[]

/** Thrown for what this interpreter does not know: the server decides then. */
export class Unknown extends Error {}

export function isContext(v: Value): v is Context {
  return v instanceof Map
}

/** Plain JSON to a value: numbers become exact, objects contexts. Texts stay texts; a field's type decides on dates. */
export function fromJson(v: unknown): Value {
  if (v === null || v === undefined) return null
  if (typeof v === 'boolean' || typeof v === 'string') return v
  if (typeof v === 'number') return Decimal.of(v)
  if (Array.isArray(v)) return v.map(fromJson)
  if (typeof v === 'object') return new Map(Object.entries(v).map(([key, value]) => [key, fromJson(value)]))
  return null
}

/** What a text such as 2026-03-02, 2026-03-02T09:00:00+08:00 or P1D says. */
export function temporal(text: string): Value {
  return Day.parse(text) ?? Instant.parse(text) ?? parseDuration(text)
}

export function text(v: Value): string {
  if (v === null) return 'null'
  if (typeof v === 'string') return v
  if (Array.isArray(v)) return '[' + v.map(inner).join(', ') + ']'
  if (isContext(v)) return '{' + [...v].map(([key, value]) => key + ': ' + inner(value)).join(', ') + '}'
  return String(v)
}

function inner(v: Value): string {
  return typeof v === 'string' ? '"' + v + '"' : text(v)
}

/** -1, 0, 1, or null where the two cannot be put in order. */
export function compare(a: Value, b: Value): number | null {
  const order = (x: number | string, y: number | string) => (x < y ? -1 : x > y ? 1 : 0)
  if (a instanceof Decimal && b instanceof Decimal) return a.cmp(b)
  if (typeof a === 'string' && typeof b === 'string') return comparePoints(a, b)
  if (a instanceof Day && b instanceof Day) return order(a.n, b.n)
  if (a instanceof Instant && b instanceof Instant) return order(a.ms, b.ms)
  if (a instanceof Span && b instanceof Span) return order(a.seconds, b.seconds)
  if (a instanceof Months && b instanceof Months) return order(a.n, b.n)
  return null
}

/** By code point, as the databases compare, not by UTF-16 unit. */
function comparePoints(a: string, b: string): number {
  const x = [...a]
  const y = [...b]
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const d = (x[i]?.codePointAt(0) ?? 0) - (y[i]?.codePointAt(0) ?? 0)
    if (d) return d < 0 ? -1 : 1
  }
  return Math.sign(x.length - y.length)
}

/** Equality: two-valued against null, null between different kinds. */
export function equal(a: Value, b: Value): boolean | null {
  if (a === null || b === null) return a === b
  if (typeof a === 'boolean' && typeof b === 'boolean') return a === b
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((x, i) => equal(x, b[i] ?? null) === true)
  }
  if (isContext(a) && isContext(b)) {
    return a.size === b.size && [...a].every(([key, x]) => b.has(key) && equal(x, b.get(key) ?? null) === true)
  }
  if (a instanceof Range && b instanceof Range) {
    return a.lowClosed === b.lowClosed && a.highClosed === b.highClosed && equal(a.low, b.low) === true && equal(a.high, b.high) === true
  }
  const order = compare(a, b)
  return order === null ? null : order === 0
}

export function inRange(x: Value, range: Range): boolean | null {
  const low = range.low === null ? true : below(range.low, x, range.lowClosed)
  const high = range.high === null ? true : below(x, range.high, range.highClosed)
  if (low === false || high === false) return false
  return low === null || high === null ? null : true
}

function below(a: Value, b: Value, closed: boolean): boolean | null {
  const order = compare(a, b)
  return order === null ? null : closed ? order <= 0 : order < 0
}

export function and(values: Value[]): Value {
  if (values.includes(false)) return false
  return values.every((v) => v === true) ? true : null
}

export function or(values: Value[]): Value {
  if (values.includes(true)) return true
  return values.every((v) => v === false) ? false : null
}
