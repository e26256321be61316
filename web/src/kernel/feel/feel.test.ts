import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Decimal } from './decimal'
import { evaluate } from './feel'
import { Day, Instant, Months, Span } from './time'
import { fromJson, isContext, temporal, Unknown, type Value } from './value'

interface Case { source: string; tests?: boolean; inputs: Record<string, unknown>; ast: unknown; result: unknown }

const raw = readFileSync(new URL('../../../../base/feel/testdata/ast.json', import.meta.url), 'utf8')
// JSON.parse would round long numbers, so they are read as texts of digits.
const cases = JSON.parse(raw.replace(/"result":(-?\d{16,})/g, '"result":"#$1"')) as Case[]
const now = Instant.parse('2026-03-02T09:30:00+08:00') as Instant

function input(v: unknown): Value {
  const value = fromJson(v)
  const walk = (x: Value): Value => {
    if (Array.isArray(x)) return x.map(walk)
    if (!isContext(x)) return x
    const at = x.get('@')
    if (typeof at === 'string') return temporal(at)
    return new Map([...x].map(([key, inner]) => [key, walk(inner)]))
  }
  return walk(value)
}

function output(v: Value): unknown {
  if (v instanceof Decimal) {
    const t = v.toString()
    return t.replace(/\D/g, '').length > 15 ? '#' + t : Number(t)
  }
  if (v instanceof Day || v instanceof Instant || v instanceof Span || v instanceof Months) return { '@': v.toString() }
  if (Array.isArray(v)) return v.map(output)
  if (isContext(v)) return Object.fromEntries([...v].map(([key, inner]) => [key, output(inner)]))
  return v
}

describe('the golden file of the server', () => {
  it('has cases', () => expect(cases.length).toBeGreaterThan(100))
  for (const [i, c] of cases.entries()) {
    it(`${i} ${c.source}`, () => {
      const vars = input(c.inputs) as Map<string, Value>
      const got = evaluate(c.ast, { get: (name) => vars.get(name) ?? null, now: () => now })
      expect(output(got)).toEqual(c.result)
    })
  }
})

describe('limits', () => {
  const env = { get: () => null, now: () => now }
  it('leaves an unknown operation to the server', () => expect(() => evaluate(['frobnicate', 1], env)).toThrow(Unknown))
  it('leaves an unknown function to the server', () => expect(() => evaluate(['call', 'lookup', 'a', 'b'], env)).toThrow(Unknown))
  it('does not mistake inherited names for functions', () => expect(() => evaluate(['call', 'constructor'], env)).toThrow(Unknown))
  it('ends long loops', () => expect(() => evaluate(['for', [['span', 1, 1e9]], ['loc', 0]], env)).toThrow(Unknown))
})

describe('decimals', () => {
  const d = (text: string) => Decimal.parse(text) as Decimal
  it.each([
    ['1/3 keeps 34 digits', d('1').div(d('3'))?.toString(), '0.3333333333333333333333333333333333'],
    ['2/3 rounds', d('2').div(d('3'))?.toString(), '0.6666666666666666666666666666666667'],
    ['half even', d('0.125').round(2, 'even').toString(), '0.12'],
    ['half up of a negative', d('-2.5').round(0, 'half up').toString(), '-3'],
    ['fixed pads', d('12.5').fixed(2), '12.50'],
    ['exponent', d('1.5e3').toString(), '1500'],
    ['round to hundreds', d('1250').round(-2, 'even').toString(), '1200'],
    ['no number', Decimal.parse('12a'), null],
  ])('%s', (_, got, want) => expect(got).toEqual(want))
})
