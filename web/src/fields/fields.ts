/** The field types of the platform, one folder each, named as in kernel/schema. */
import type { Field, Json, Row, Values } from '../api/types'
import { evaluate, holds } from '../kernel/feel/feel'
import { dayOf } from '../kernel/format'
import { Day, Instant } from '../kernel/feel/time'
import { fromJson, Unknown, type Value } from '../kernel/feel/value'
import { t } from '../kernel/i18n'
import { session } from '../kernel/session'
import type { FieldKind } from './kind'

const modules = import.meta.glob<FieldKind>('./*/index.ts', { eager: true, import: 'default' })
const kinds = new Map(Object.entries(modules).map(([path, kind]) => [path.split('/')[1] ?? '', kind]))

export const fieldTypes = (): string[] => [...kinds.keys()].sort()

export function kindOf(field: Pick<Field, 'type'>): FieldKind {
  const kind = kinds.get(field.type) ?? kinds.get('text')
  if (!kind) throw new Error('no field types') // the build holds them all
  return kind
}

function empty(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
}

/** A value in words: masked values come as the server masked them. */
export function fieldText(field: Field, value: Json | undefined, words?: string): string {
  if (words) return words
  if (value === null || value === undefined || value === '') return ''
  const text = kindOf(field).text
  if (text) return text(value, field)
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** The words of one field of a record. */
export function recordText(field: Field, row: Row): string {
  const display = row['_display'] as Record<string, Json> | undefined
  const words = display?.[field.name]
  const said = typeof words === 'string' ? words : Array.isArray(words) ? words.map(String).join(t('word.comma')) : undefined
  return fieldText(field, row[field.name], said)
}

export function isMasked(field: Field, row: Row): boolean {
  return Array.isArray(row['_masked']) && (row['_masked'] as Json[]).includes(field.name)
}

function now(): Instant {
  return new Instant(Date.now(), 480)
}

/** What expressions of a form see: its values by name, the caller as user. */
export function formEnv(fields: Field[], values: Values): { get: (name: string) => Value; now: () => Instant } {
  const byName = new Map(fields.map((f) => [f.name, f]))
  return {
    now,
    get: (name) => {
      if (name === 'user') return user()
      const field = byName.get(name)
      const value = values[name] ?? null
      if (!field || value === null) return field ? null : systemValue(name, value)
      return kindOf(field).feel?.(value, field) ?? fromJson(value)
    },
  }
}

function systemValue(name: string, value: Json): Value {
  if (typeof value === 'string' && /_at$/.test(name)) return Instant.parse(value)
  return fromJson(value)
}

function user(): Value {
  const me = session.me
  const post = me?.posts.find((p) => p.id === me.post)
  return fromJson({ id: me?.person.id ?? null, post: me?.post ?? null, org: post?.org ?? null, area: post?.area ?? null, roles: me?.roles ?? [], clearance: me?.clearance ?? null })
}

/** Is the field to be shown? What cannot be decided here is shown: the server decides when the form is sent. */
export function isVisible(field: Field, fields: Field[], values: Values): boolean {
  return field.visible === undefined || decide(field.visible, fields, values, true)
}

export function isRequired(field: Field, fields: Field[], values: Values): boolean {
  return field.required === true || (field.required_when !== undefined && decide(field.required_when, fields, values, false))
}

function decide(ast: Json, fields: Field[], values: Values, unknown: boolean): boolean {
  try {
    return holds(ast, formEnv(fields, values))
  } catch (cause) {
    if (cause instanceof Unknown) return unknown
    throw cause
  }
}

/** The value of a computed field as the form stands, undefined where only the server can tell. */
export function computedText(field: Field, fields: Field[], values: Values): string | undefined {
  if (field.compute === undefined) return undefined
  try {
    const v = evaluate(field.compute, formEnv(fields, values))
    if (v === null) return ''
    if (typeof v === 'boolean') return t(v ? 'word.yes' : 'word.no')
    return typeof v === 'object' && (Array.isArray(v) || v instanceof Map) ? undefined : fieldText({ ...field, type: field.as ?? 'text' }, String(v))
  } catch (cause) {
    if (cause instanceof Unknown) return undefined
    throw cause
  }
}

/** Cheap checks before anything is sent: words of the first thing wrong, or nothing. */
export function checkField(field: Field, fields: Field[], values: Values): string {
  const value = values[field.name] ?? null
  if (empty(value)) return isRequired(field, fields, values) ? t('check.required', { label: field.label }) : ''
  const key = kindOf(field).check?.(value, field)
  if (key) return t(key, { max: field.max ?? 0, min: field.min ?? 0, low: field.low ?? '', high: field.high ?? '' })
  if (typeof value === 'string' && field.pattern && !patternHolds(field.pattern, value)) return t('check.pattern')
  if (typeof value === 'string' && field.min && [...value].length < field.min && field.type !== 'date') return t('check.short', { min: field.min })
  return ''
}

function patternHolds(source: string, value: string): boolean {
  try {
    return new RegExp('^(?:' + source + ')$', 'u').test(value)
  } catch {
    return true // a pattern of the server's dialect; the server checks it
  }
}

export const today = (): string => dayOf(new Date())
export { Day }
