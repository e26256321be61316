/** How a person likes the desk. Kept in this browser, one entry a person; nothing of any record. */
import { session } from './session'

export interface View { name: string; query: Record<string, string> }
export interface ListPrefs { columns?: string[]; dense?: boolean; views?: View[] }

function key(name: string): string {
  return `chengshu.${session.me?.person.id ?? 'anyone'}.${name}`
}

export function readPref<T>(name: string, fallback: T): T {
  try {
    const text = localStorage.getItem(key(name))
    return text ? (JSON.parse(text) as T) : fallback
  } catch {
    return fallback // storage is forbidden or holds something else
  }
}

export function writePref(name: string, value: unknown): void {
  try {
    localStorage.setItem(key(name), JSON.stringify(value))
  } catch {
    return // full or forbidden: the desk works without
  }
}
