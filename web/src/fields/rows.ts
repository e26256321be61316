import type { Field, Json } from '../api/types'
import { fromJson, type Value } from '../kernel/feel/value'
import { fieldText, kindOf } from './fields'

/** A child table as expressions see it: a list of contexts, each cell by its own type. */
export function rowsFeel(value: Json, field: Field): Value {
  if (!Array.isArray(value)) return null
  return value.map((row) => {
    const cells = (typeof row === 'object' && row !== null && !Array.isArray(row) ? row : {}) as { [key: string]: Json }
    return new Map<string, Value>((field.fields ?? []).map((f) => {
      const cell = cells[f.name] ?? null
      return [f.name, cell === null ? null : kindOf(f).feel?.(cell, f) ?? fromJson(cell)]
    }))
  })
}

/** A computed value in the words of the type it is computed as. */
export function asText(value: Json, field: Field): string {
  return fieldText({ ...field, type: field.as && field.as !== 'computed' ? field.as : 'text' }, value)
}
