/** What the other fields of a form hold, for inputs whose choices depend on them. */
import { inject, provide, type ComputedRef, type InjectionKey } from 'vue'
import type { Values } from '../api/types'

const key: InjectionKey<ComputedRef<Values>> = Symbol('form values')

export function provideForm(values: ComputedRef<Values>): void {
  provide(key, values)
}

/** The words the server gave for the stored value of a field, while the form still holds the record they came with. */
export function useFormWords(name: string): string | undefined {
  const display = useForm()?.value['_display']
  const words = display && typeof display === 'object' && !Array.isArray(display) ? display[name] : undefined
  return typeof words === 'string' ? words : undefined
}

export function useForm(): ComputedRef<Values> | undefined {
  return inject(key, undefined)
}
