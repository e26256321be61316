import type { Field, Json } from '../../api/types'

/** What every input gets: the value, its declaration, the id its label points at, and where its error and help stand. */
export interface InputProps {
  modelValue?: Json
  field: Field
  id: string
  disabled?: boolean
  invalid?: boolean
  describedby?: string
}
export interface InputEmits { 'update:modelValue': [value: Json] }
