import type { Component } from 'vue'
import type { Field, Json } from '../api/types'
import type { Value } from '../kernel/feel/value'

/** What a field type knows on the client: how it is edited, shown, written in words, cheaply checked and seen by FEEL. */
export interface FieldKind {
  input: Component
  /** Fixed properties of the input. */
  props?: Record<string, unknown>
  /** Shows the value where words are not enough. */
  show?: Component
  /** Takes a whole row of a form or detail page. */
  wide?: boolean
  /** The value in words; the words of the server come first. */
  text?: (value: Json, field: Field) => string
  /** The key of what is wrong with a value, empty when nothing is. The server checks again. */
  check?: (value: Json, field: Field) => string
  /** The value as expressions see it; without, JSON as it is. */
  feel?: (value: Json, field: Field) => Value
}

export function defineField(kind: FieldKind): FieldKind {
  return kind
}
