/**
 * How a person likes the desk: columns, saved views, layers of the map. The server keeps it for the person, so that it is
 * there on every machine and a machine that serves many keeps nothing of anybody.
 */
import { keepPreference } from '../api/session'
import { session } from './session'

export interface View { name: string; query: Record<string, string> }
export interface ListPrefs { columns?: string[]; dense?: boolean; views?: View[] }

export function readPref<T>(name: string, fallback: T): T {
  const value = session.me?.preferences?.[name]
  return value === undefined || value === null ? fallback : (value as T)
}

/** One after another, so that an older value never arrives last. */
let before: Promise<void> = Promise.resolve()

/** Counts at once; rejects where the server did not keep it. */
export function writePref(name: string, value: unknown): Promise<void> {
  if (!session.me) return Promise.resolve()
  session.me.preferences = { ...session.me.preferences, [name]: value }
  const mine = before.then(() => keepPreference(name, value))
  before = mine.catch(() => undefined)
  return mine
}
