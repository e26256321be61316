/** List filters: small state of the page ⇄ address bar → FEEL. Values of one filter are separated by commas. */
import type { Field } from '../api/types'

export type FilterKind = 'text' | 'choice' | 'number' | 'date' | 'instant' | 'boolean' | 'path' | 'none'
export type Filters = Record<string, string[]>

const prefix = 'f.'
/** System columns every list may be narrowed by. */
export const systemKinds: Record<string, FilterKind> = {
  state: 'choice', area: 'path', org: 'path', owner: 'choice', created_at: 'instant', updated_at: 'instant',
}

export function filterKind(field: Pick<Field, 'type' | 'as'>): FilterKind {
  switch (field.type === 'computed' ? field.as ?? 'text' : field.type) {
    case 'code': case 'choice': case 'ref': case 'person': return 'choice'
    case 'boolean': return 'boolean'
    case 'integer': case 'decimal': case 'money': return 'number'
    case 'date': return 'date'
    case 'datetime': return 'instant'
    case 'area': case 'org': return 'path'
    case 'text': case 'longtext': case 'phone': case 'email': case 'url': case 'idcard': case 'uscc': case 'number': return 'text'
    default: return 'none'
  }
}

/** Reads f.<field>=a,b from the address bar. A comma inside a value is written %2C twice encoded. */
export function fromQuery(query: Record<string, unknown>): Filters {
  const out: Filters = {}
  for (const [key, raw] of Object.entries(query)) {
    if (!key.startsWith(prefix) || typeof raw !== 'string') continue
    const values = raw.split(',').map((v) => safeDecode(v))
    if (values.some((v) => v !== '')) out[key.slice(prefix.length)] = values
  }
  return out
}

export function toQuery(filters: Filters): Record<string, string> {
  const out: Record<string, string> = {}
  for (const [name, values] of Object.entries(filters)) {
    if (values.some((v) => v !== '')) out[prefix + name] = values.map((v) => v.replace(/[%,]/g, encodeURIComponent)).join(',')
  }
  return out
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A FEEL string literal. */
export function quote(text: string): string {
  return '"' + text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n') + '"'
}

const day = /^\d{4}-\d{2}-\d{2}$/
const number = /^-?\d+(\.\d+)?$/

function bounds(name: string, [low = '', high = '']: string[], valid: RegExp, literal: (v: string, end: boolean) => string): string[] {
  const out: string[] = []
  if (valid.test(low)) out.push(`${name} >= ${literal(low, false)}`)
  if (valid.test(high)) out.push(`${name} ${literal === instantLiteral ? '<' : '<='} ${literal(high, true)}`)
  return out
}

function instantLiteral(date: string, end: boolean): string {
  const at = end ? nextDay(date) : date
  return `date and time("${at}T00:00:00+08:00")`
}

function nextDay(date: string): string {
  return new Date(Date.parse(date + 'T00:00:00Z') + 86_400_000).toISOString().slice(0, 10)
}

function condition(name: string, kind: FilterKind, values: string[]): string[] {
  const given = values.filter((v) => v !== '')
  const first = given[0]
  if (first === undefined) return []
  switch (kind) {
    case 'text': return [`contains(${name}, ${quote(first)})`]
    case 'choice': return [given.length === 1 ? `${name} = ${quote(first)}` : `${name} in [${given.map(quote).join(', ')}]`]
    case 'boolean': return [`${name} = ${first === 'true' ? 'true' : 'false'}`]
    case 'path': {
      const paths = given.map((v) => `starts with(${name}, ${quote(v)})`)
      return [paths.length === 1 ? paths[0] ?? '' : '(' + paths.join(' or ') + ')']
    }
    case 'number': return bounds(name, values, number, (v) => v)
    case 'date': return bounds(name, values, day, (v) => `date("${v}")`)
    case 'instant': return bounds(name, values, day, instantLiteral)
    case 'none': return []
  }
}

/** The FEEL filter of a list: the menu's own condition and every chosen filter. */
export function toFeel(filters: Filters, kinds: Record<string, FilterKind>, where = ''): string {
  const all = Object.entries(filters).flatMap(([name, values]) => condition(name, Object.hasOwn(kinds, name) ? kinds[name] ?? 'none' : 'none', values))
  if (where) all.unshift(all.length ? `(${where})` : where)
  return all.join(' and ')
}
