/** Unsent forms. They may hold personal data, so they live no longer than the browser tab. */
import type { Values } from '../api/types'
import { session } from './session'

const key = (name: string) => `chengshu.draft.${session.me?.person.id ?? ''}.${name}`

export function readDraft(name: string): Values | null {
  try {
    const text = sessionStorage.getItem(key(name))
    return text ? (JSON.parse(text) as Values) : null
  } catch {
    return null
  }
}

export function writeDraft(name: string, values: Values): void {
  try {
    sessionStorage.setItem(key(name), JSON.stringify(values))
  } catch {
    return // full or forbidden: no draft then
  }
}

export function dropDraft(name: string): void {
  try {
    sessionStorage.removeItem(key(name))
  } catch {
    return
  }
}

/** When a person leaves, nothing unsent stays behind in the browser. */
export function dropAllDrafts(): void {
  try {
    for (const name of Object.keys(sessionStorage)) if (name.startsWith('chengshu.draft.')) sessionStorage.removeItem(name)
  } catch {
    return
  }
}
