import type { Field, Json } from '../../api/types'

/** What every input gets: the value, its declaration, the id its label points at, and where its error and help stand. */
export interface InputProps {
  /** Json; written as unknown because Vue would turn '' into true for a property that may be boolean. */
  modelValue?: unknown
  field: Field
  id: string
  disabled?: boolean
  invalid?: boolean
  describedby?: string
}
export interface InputEmits { 'update:modelValue': [value: Json] }
