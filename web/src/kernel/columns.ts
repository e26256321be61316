/** Columns of a generated list: what can be shown, what is shown first, what can be sorted. */
import type { Field, RecordType } from '../api/types'
import { t } from './i18n'

export interface Column { key: string; label: string; field?: Field; sortable: boolean; number: boolean }

const sortable = new Set(['text', 'integer', 'decimal', 'money', 'date', 'datetime', 'code', 'choice', 'number', 'boolean', 'phone'])
const numbers = new Set(['integer', 'decimal', 'money'])
const unshown = new Set(['rows', 'json', 'secret', 'richtext', 'line', 'polygon'])

export function columnsOf(type: RecordType): Column[] {
  const own = type.fields.filter((f) => !unshown.has(f.type)).map((field): Column => ({
    key: field.name, label: field.label, field, sortable: sortable.has(field.type) && !field.masked, number: numbers.has(field.type === 'computed' ? field.as ?? '' : field.type),
  }))
  const system = (key: string, canSort = false): Column => ({ key, label: t('column.' + key), sortable: canSort, number: false })
  return [
    system('title'), system('number', true), ...(type.flow ? [system('_light')] : []), ...(type.states.length ? [system('state', true)] : []), ...own,
    system('area'), system('org'), system('owner'), system('created_at', true), system('updated_at', true),
  ]
}

/** What a person sees before choosing: the title, the declared list columns in their order, state, light and time. */
export function defaultColumns(type: RecordType): string[] {
  const listed = type.fields.filter((f) => f.list).sort((a, b) => (a.list ?? 0) - (b.list ?? 0)).map((f) => f.name)
  return ['title', ...listed, ...(type.states.length ? ['state'] : []), ...(type.flow ? ['_light'] : []), 'created_at']
}

/** The chosen columns that the type still has, in the order chosen. */
export function shownColumns(type: RecordType, chosen: string[] | undefined): Column[] {
  const all = columnsOf(type)
  const keys = chosen?.length ? chosen : defaultColumns(type)
  const shown = keys.flatMap((key) => all.filter((c) => c.key === key))
  return shown.length ? shown : all.slice(0, 1)
}
