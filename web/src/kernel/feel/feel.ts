/**
 * Interprets the JSON tree of a FEEL expression (base/feel/ast.go). It decides what a form shows at once; the server
 * decides again when the form is sent. An operation it does not know throws Unknown.
 */
import { builtins, callBuiltin, kindOf } from './builtin'
import { Decimal } from './decimal'
import { Day, Instant, Months, Span } from './time'
import { and, compare, equal, Fn, inRange, isContext, or, Range, temporal, text, Unknown, type Value } from './value'

export type Ast = unknown
export interface Env { get: (name: string) => Value; now: () => Instant }
type Node = unknown[]

/** Evaluates a tree. Locals are innermost first. */
export function evaluate(ast: Ast, env: Env, locals: Value[] = []): Value {
  if (ast === null || ast === undefined) return null
  if (typeof ast === 'boolean' || typeof ast === 'string') return ast
  if (typeof ast === 'number') return Decimal.of(ast)
  if (!Array.isArray(ast)) throw new Unknown(typeof ast)
  return node(ast as Node, env, locals)
}

/** Only true is true: null, and anything that is no boolean, is not. */
export function holds(ast: Ast, env: Env): boolean {
  return evaluate(ast, env) === true
}

function node(n: Node, env: Env, locals: Value[]): Value {
  const run = (x: unknown, more: Value[] = []) => evaluate(x, env, more.length ? [...more, ...locals] : locals)
  const rest = () => n.slice(1).map((x) => run(x))
  switch (n[0]) {
    case 'num': return Decimal.parse(String(n[1]))
    case '@': return temporal(String(n[2]))
    case 'none': return null
    case 'var': return env.get(String(n[1]))
    case 'loc': return locals[Number(n[1])] ?? null
    case 'get': return field(run(n[1]), String(n[2]))
    case 'and': return and(rest())
    case 'or': return or(rest())
    case '=': return equal(run(n[1]), run(n[2]))
    case '!=': { const same = equal(run(n[1]), run(n[2])); return same === null ? null : !same }
    case '<': case '<=': case '>': case '>=': return ordered(n[0], run(n[1]), run(n[2]))
    case '+': case '-': case '*': case '/': case '**': return arithmetic(n[0], run(n[1]), run(n[2]))
    case 'neg': return negate(run(n[1]))
    case 'if': return run(n[1]) === true ? run(n[2]) : run(n[3])
    case 'in': return among(run(n[1]), n.slice(2), run)
    case 'list': return rest()
    case 'range': return range(n, run)
    case 'call': return callBuiltin(String(n[1]), n.slice(2).map((x) => run(x)), env.now)
    case 'filter': return filter(run(n[1]), n[2], run)
    case 'dyn': { const at = locals[Number(n[1])] ?? null; const key = String(n[2]); return isContext(at) && at.has(key) ? at.get(key) ?? null : run(n[3]) }
    case 'ctx': return context(n, env, locals)
    case 'for': case 'some': case 'every': return loop(n, env, locals)
    case 'fn': return literal(n, env, locals)
    case 'call-of': return named(String(n[1]), env)
    case 'apply': return apply(run(n[1]), n[2] as string[], n.slice(3).map((x) => run(x)))
    case 'is': return instance(run(n[1]), String(n[2]))
    default: throw new Unknown(String(n[0]))
  }
}

type Run = (x: unknown, more?: Value[]) => Value

function field(v: Value, name: string): Value {
  if (Array.isArray(v)) return v.map((x) => field(x, name))
  if (isContext(v)) return v.get(name) ?? null
  if (v instanceof Day) return part({ year: v.year, month: v.month, day: v.day, weekday: v.weekday }, name)
  if (v instanceof Instant) {
    const d = v.date
    return part({ year: d.year, month: d.month, day: d.day, weekday: d.weekday, hour: v.hour, minute: v.minute, second: v.second }, name)
  }
  if (v instanceof Span) {
    const size = Math.trunc(Math.abs(v.seconds)) * Math.sign(v.seconds)
    return part({ days: Math.trunc(size / 86400), hours: Math.trunc((size % 86400) / 3600), minutes: Math.trunc((size % 3600) / 60), seconds: size % 60 }, name)
  }
  if (v instanceof Months) return part({ years: Math.trunc(v.n / 12), months: v.n % 12 }, name)
  return null
}

function part(parts: Record<string, number>, name: string): Value {
  const n = parts[name]
  return n === undefined ? null : Decimal.of(n)
}

function ordered(op: unknown, a: Value, b: Value): Value {
  const order = a === null || b === null ? null : compare(a, b)
  if (order === null) return null
  return op === '<' ? order < 0 : op === '<=' ? order <= 0 : op === '>' ? order > 0 : order >= 0
}

function arithmetic(op: unknown, a: Value, b: Value): Value {
  if (a instanceof Decimal && b instanceof Decimal) {
    switch (op) {
      case '+': return a.add(b)
      case '-': return a.sub(b)
      case '*': return a.mul(b)
      case '/': return a.div(b)
      default: return a.pow(b)
    }
  }
  if (op === '+' && typeof a === 'string' && typeof b === 'string') return a + b
  if (op === '+') return shift(a, b, 1) ?? shift(b, a, 1)
  if (op === '-' && a instanceof Day && b instanceof Day) return new Span((a.n - b.n) * 86400)
  if (op === '-' && a instanceof Instant && b instanceof Instant) return new Span((a.ms - b.ms) / 1000)
  if (op === '-') return shift(a, b, -1)
  return scaled(op, a, b)
}

function shift(a: Value, b: Value, sign: number): Value {
  if (b instanceof Months) {
    if (a instanceof Day || a instanceof Instant) return a.addMonths(sign * b.n)
    return a instanceof Months ? new Months(a.n + sign * b.n) : null
  }
  if (!(b instanceof Span)) return null
  if (a instanceof Day) return new Day(a.n + Math.floor((sign * b.seconds) / 86400))
  if (a instanceof Instant) return new Instant(a.ms + sign * b.seconds * 1000, a.offset)
  return a instanceof Span ? new Span(a.seconds + sign * b.seconds) : null
}

function scaled(op: unknown, a: Value, b: Value): Value {
  if (op === '*' && a instanceof Decimal) return scaled(op, b, a)
  if (!(b instanceof Decimal)) return null
  const factor = op === '*' ? b.number() : op === '/' ? 1 / b.number() : NaN
  if (!Number.isFinite(factor)) return null
  if (a instanceof Span) return new Span(a.seconds * factor)
  return a instanceof Months ? new Months(Math.trunc(a.n * factor)) : null
}

function negate(v: Value): Value {
  if (v instanceof Decimal) return v.neg()
  if (v instanceof Span) return new Span(-v.seconds)
  return v instanceof Months ? new Months(-v.n) : null
}

function among(x: Value, tests: unknown[], run: Run): Value {
  return or(tests.map((test) => {
    const result = Array.isArray(test) && test[0] === '?' ? run(test[1], [x]) : member(x, run(test))
    return typeof result === 'boolean' ? result : null
  }))
}

function member(x: Value, test: Value): Value {
  if (test instanceof Range) return x instanceof Range ? equal(x, test) : inRange(x, test)
  if (Array.isArray(test) && !Array.isArray(x)) {
    return test.some((y) => (y instanceof Range ? inRange(x, y) : equal(x, y)) === true)
  }
  if (typeof test === 'boolean' && typeof x !== 'boolean') return test
  return equal(x, test)
}

function range(n: Node, run: Run): Value {
  const absent = (x: unknown) => Array.isArray(x) && x[0] === 'none'
  const low = run(n[1])
  const high = run(n[2])
  if ((low === null && !absent(n[1])) || (high === null && !absent(n[2]))) return null
  if (low !== null && high !== null && (compare(low, high) ?? 1) > 0) return null
  return new Range(low, high, n[3] === true, n[4] === true)
}

function filter(v: Value, condition: unknown, run: Run): Value {
  const list = Array.isArray(v) ? v : v === null ? [] : [v]
  if (typeof condition === 'number') return at(list, condition)
  const kept: Value[] = []
  for (const item of list) {
    const result = run(condition, [item])
    if (result instanceof Decimal) return at(list, result.number())
    if (result === true) kept.push(item)
  }
  return kept
}

function at(list: Value[], position: number): Value {
  return (position > 0 ? list[position - 1] : list[list.length + position]) ?? null
}

function context(n: Node, env: Env, locals: Value[]): Value {
  const out = new Map<string, Value>()
  let below = locals
  for (const [i, key] of (n[1] as string[]).entries()) {
    const value = evaluate(n[i + 2], env, below)
    out.set(key, value)
    below = [value, ...below]
  }
  return out
}

const limit = 10_000

function domain(x: unknown, env: Env, locals: Value[]): Value[] {
  if (Array.isArray(x) && x[0] === 'span') {
    const low = evaluate(x[1], env, locals)
    const high = evaluate(x[2], env, locals)
    const out: Value[] = []
    if (low instanceof Decimal && high instanceof Decimal) {
      const step = low.number() <= high.number() ? 1 : -1
      for (let i = low.number(); step > 0 ? i <= high.number() : i >= high.number(); i += step) {
        if (out.push(Decimal.of(i)) > limit) throw new Unknown('span')
      }
    } else if (low instanceof Day && high instanceof Day) {
      const step = low.n <= high.n ? 1 : -1
      for (let i = low.n; step > 0 ? i <= high.n : i >= high.n; i += step) {
        if (out.push(new Day(i)) > limit) throw new Unknown('span')
      }
    }
    return out
  }
  const v = evaluate(x, env, locals)
  return Array.isArray(v) ? v : v === null ? [] : [v]
}

function loop(n: Node, env: Env, locals: Value[]): Value {
  const domains = n[1] as unknown[]
  const results: Value[] = []
  const base = n[0] === 'for' ? [results, ...locals] : locals
  const walk = (depth: number, inner: Value[]): void => {
    if (depth === domains.length) {
      if (results.push(evaluate(n[2], env, inner)) > limit) throw new Unknown('for')
      return
    }
    for (const item of domain(domains[depth], env, inner)) walk(depth + 1, [item, ...inner])
  }
  walk(0, base)
  return n[0] === 'for' ? results : n[0] === 'some' ? or(results) : and(results)
}

function literal(n: Node, env: Env, locals: Value[]): Value {
  const params = n[1] as string[]
  return new Fn(params, (args) => evaluate(n[2], env, [...params.map((_, i) => args[i] ?? null).reverse(), ...locals]))
}

function named(name: string, env: Env): Value {
  if (!Object.hasOwn(builtins, name)) throw new Unknown(name)
  return new Fn([], (args) => callBuiltin(name, args, env.now))
}

function apply(f: Value, names: string[], args: Value[]): Value {
  if (!(f instanceof Fn)) return null
  if (!names.length) return f.call(args)
  return f.call(f.params.map((p) => args[names.indexOf(p)] ?? null))
}

function instance(v: Value, type: string): Value {
  if (type === 'Any') return v !== null
  if (type === 'Null') return v === null
  if (type === kindOf(v)) return true
  if (/[<(]/.test(type)) throw new Unknown(type)
  return false
}

export { text, Unknown }
