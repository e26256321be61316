/** The answer that is given in place of a call that failed: checked before anything is sent. */
import type { Json } from '../api/types'

/** What the typed text means, or the key of what is wrong with it: an object of names and values, as a call would have answered. */
export function parseAnswer(text: string): { data: Json } | { wrong: string } {
  if (!text.trim()) return { wrong: 'incident.noanswer' }
  let data: Json
  try {
    data = JSON.parse(text) as Json
  } catch {
    return { wrong: 'check.json' }
  }
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? { data } : { wrong: 'incident.noobject' }
}
