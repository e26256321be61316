/** The built-in functions a form needs. What is missing here throws Unknown, and the server decides. */
import { Decimal, ONE, ZERO, type Rounding } from './decimal'
import { Day, Instant, Months, monthsBetween, parseDuration, Span } from './time'
import { and, compare, equal, Fn, isContext, or, Range, text, Unknown, type Value } from './value'

type Builtin = (args: Value[], now: () => Instant) => Value

const num = (n: number): Value => Decimal.of(n)
const str = (f: (...s: string[]) => Value): Builtin => (args) =>
  args.every((a) => typeof a === 'string') ? f(...(args as string[])) : null
const numeric = (f: (...n: Decimal[]) => Value): Builtin => (args) =>
  args.length > 0 && args.every((a) => a instanceof Decimal) ? f(...(args as Decimal[])) : null
/** A single list, or the arguments as one. */
const listed = (f: (list: Value[]) => Value): Builtin => (args) => {
  const first = args[0] ?? null
  if (args.length === 1 && Array.isArray(first)) return f(first)
  return args.length === 1 && first === null ? null : f(args)
}
const onList = (f: (list: Value[], ...rest: Value[]) => Value): Builtin => ([list, ...rest]) =>
  Array.isArray(list) ? f(list, ...rest) : list === null || list === undefined ? null : f([list], ...rest)
const rounding = (mode: Rounding): Builtin => numeric((n, scale) => n.round(scale?.integer() ?? 0, mode))
const decimals = (list: Value[]): Decimal[] | null =>
  list.length && list.every((v) => v instanceof Decimal) ? (list as Decimal[]) : null

function total(list: Decimal[]): Decimal {
  return list.reduce((a, b) => a.add(b), ZERO)
}

function extreme(sign: number): Builtin {
  return listed((list) => {
    if (!list.length) return null
    return list.reduce((best, v) => {
      const order = best === null || v === null ? null : compare(v, best)
      return order === null ? null : order * sign > 0 ? v : best
    })
  })
}

function toDay(args: Value[]): Value {
  const [a, b, c] = args
  if (a instanceof Decimal && b instanceof Decimal && c instanceof Decimal) return Day.of(a.number(), b.number(), c.number())
  if (typeof a === 'string') return Day.parse(a)
  if (a instanceof Instant) return a.date
  return a instanceof Day ? a : null
}

function substring(s: string, start: number, length?: number): Value {
  const points = [...s]
  const from = start > 0 ? start - 1 : points.length + start
  if (start === 0 || from < 0 || from > points.length) return null
  return points.slice(from, length === undefined ? undefined : from + length).join('')
}

function pattern(source: string, flags: string): RegExp | null {
  try {
    return new RegExp(source, flags.replace(/[^ims]/g, '') + 'u')
  } catch {
    return null
  }
}

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const dayOf = (v: Value | undefined): Day | null => (v instanceof Day ? v : v instanceof Instant ? v.date : null)

function flatten(list: Value[]): Value[] {
  return list.flatMap((v) => (Array.isArray(v) ? flatten(v) : [v]))
}

function distinct(list: Value[]): Value[] {
  return list.filter((v, i) => list.findIndex((w) => equal(v, w) === true) === i)
}

function put(context: Value, key: Value, value: Value): Value {
  return isContext(context) && typeof key === 'string' ? new Map(context).set(key, value) : null
}

export const builtins: Record<string, Builtin> = {
  'not': ([v]) => (typeof v === 'boolean' ? !v : null),
  'is defined': ([v]) => v !== undefined && v !== null,
  'string': ([v]) => (v === null || v === undefined ? null : text(v)),
  'number': ([v, group, point]) => {
    if (typeof v !== 'string') return null
    const bare = typeof group === 'string' ? v.split(group).join('') : v
    return Decimal.parse(typeof point === 'string' ? bare.replace(point, '.') : bare)
  },
  'date': toDay,
  'date and time': ([v]) => (typeof v === 'string' ? Instant.parse(v) : v instanceof Instant ? v : null),
  'duration': str((s = '') => parseDuration(s)),
  'years and months duration': ([from, to]) => {
    const a = dayOf(from)
    const b = dayOf(to)
    return a && b ? new Months(monthsBetween(a, b)) : null
  },
  'today': (_, now) => now().date,
  'now': (_, now) => now(),
  'day of week': ([v]) => weekdays[(dayOf(v)?.weekday ?? 0) - 1] ?? null,
  'last day of month': ([v]) => { const d = dayOf(v); return d ? num(d.lastOfMonth) : null },

  'contains': str((s = '', t = '') => s.includes(t)),
  'starts with': str((s = '', t = '') => s.startsWith(t)),
  'ends with': str((s = '', t = '') => s.endsWith(t)),
  'string length': str((s = '') => num([...s].length)),
  'upper case': str((s = '') => s.toUpperCase()),
  'lower case': str((s = '') => s.toLowerCase()),
  'trim': str((s = '') => s.trim()),
  'substring': ([s, start, length]) => {
    if (typeof s !== 'string' || !(start instanceof Decimal)) return null
    return substring(s, start.number(), length instanceof Decimal ? length.number() : undefined)
  },
  'substring before': str((s = '', t = '') => (s.includes(t) ? s.slice(0, s.indexOf(t)) : '')),
  'substring after': str((s = '', t = '') => (s.includes(t) ? s.slice(s.indexOf(t) + t.length) : '')),
  'matches': str((s = '', p = '', flags = '') => pattern(p, flags)?.test(s) ?? null),
  'replace': str((s = '', p = '', by = '', flags = '') => {
    const re = pattern(p, flags)
    return re ? s.replace(new RegExp(re.source, re.flags + 'g'), by) : null
  }),
  'split': str((s = '', p = '') => { const re = pattern(p, ''); return re ? s.split(re) : null }),
  'string join': ([list, by]) =>
    Array.isArray(list) ? list.filter((v) => v !== null).map(text).join(typeof by === 'string' ? by : '') : null,

  'abs': ([v]) => (v instanceof Decimal ? v.abs() : v instanceof Span ? new Span(Math.abs(v.seconds)) : v instanceof Months ? new Months(Math.abs(v.n)) : null),
  'floor': rounding('floor'),
  'ceiling': rounding('ceiling'),
  'decimal': rounding('even'),
  'round up': rounding('up'),
  'round down': rounding('down'),
  'round half up': rounding('half up'),
  'round half down': rounding('half down'),
  'modulo': numeric((a, b) => (b ? a.mod(b) : null)),
  'odd': numeric((a) => a.abs().mod(Decimal.of(2) ?? ONE)?.cmp(ONE) === 0),
  'even': numeric((a) => a.abs().mod(Decimal.of(2) ?? ONE)?.cmp(ZERO) === 0),

  'count': listed((list) => num(list.length)),
  'sum': listed((list) => { const d = decimals(list); return d ? total(d) : null }),
  'mean': listed((list) => { const d = decimals(list); return d ? total(d).div(num(d.length) as Decimal) : null }),
  'median': listed((list) => {
    const d = decimals(list)?.slice().sort((a, b) => a.cmp(b))
    if (!d) return null
    const mid = d[d.length >> 1]
    const before = d[(d.length >> 1) - 1]
    return mid ? (d.length % 2 || !before ? mid : mid.add(before).div(num(2) as Decimal)) : null
  }),
  'min': extreme(-1),
  'max': extreme(1),
  'all': listed(and),
  'any': listed(or),
  'list contains': onList((list, v = null) => list.some((w) => equal(v, w) === true)),
  'append': onList((list, ...more) => [...list, ...more]),
  'concatenate': (lists) => lists.flatMap((l) => (Array.isArray(l) ? l : [l])),
  'flatten': onList(flatten),
  'distinct values': onList(distinct),
  'union': (lists) => distinct(lists.flatMap((l) => (Array.isArray(l) ? l : [l]))),
  'reverse': onList((list) => [...list].reverse()),
  'sublist': onList((list, start, length) => {
    if (!(start instanceof Decimal)) return null
    const from = start.number() > 0 ? start.number() - 1 : list.length + start.number()
    return list.slice(from, length instanceof Decimal ? from + length.number() : undefined)
  }),
  'index of': onList((list, v = null) => list.flatMap((w, i) => (equal(v, w) === true ? [num(i + 1)] : []))),
  'is empty': onList((list) => list.length === 0),
  'sort': onList((list, by) => {
    if (!(by instanceof Fn)) return [...list].sort((a, b) => compare(a, b) ?? 0)
    return [...list].sort((a, b) => (by.call([a, b]) === true ? -1 : by.call([b, a]) === true ? 1 : 0))
  }),
  'get value': ([context, key]) => (context && isContext(context) && typeof key === 'string' ? context.get(key) ?? null : null),
  'get entries': ([context]) =>
    context && isContext(context) ? [...context].map(([key, value]) => new Map<string, Value>([['key', key], ['value', value]])) : null,
  'context put': ([context = null, key = null, value = null]) => put(context, key, value),
}

export function callBuiltin(name: string, args: Value[], now: () => Instant): Value {
  const builtin = Object.hasOwn(builtins, name) ? builtins[name] : undefined
  if (!builtin) throw new Unknown(name)
  return builtin(args, now)
}

export function kindOf(v: Value): string {
  if (v === null) return 'Null'
  if (typeof v === 'boolean') return 'boolean'
  if (typeof v === 'string') return 'string'
  if (v instanceof Decimal) return 'number'
  if (v instanceof Day) return 'date'
  if (v instanceof Instant) return 'date and time'
  if (v instanceof Span) return 'days and time duration'
  if (v instanceof Months) return 'years and months duration'
  if (v instanceof Range) return 'range'
  if (v instanceof Fn) return 'function'
  return Array.isArray(v) ? 'list' : 'context'
}
