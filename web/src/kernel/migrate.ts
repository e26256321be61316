/** Taking running processes to another version: what is chosen, and page after page of doing it. Pure: it is handed what sends. */
import type { MigrationPart, ProcessSummary, Refusal } from '../api/types'

export interface Progress { done: number; refused: Refusal[]; after: string; ended: boolean }
export const atStart = (): Progress => ({ done: 0, refused: [], after: '', ended: false })

/**
 * Asks for page after page until the end or until `go` says no, and tells after each. What had been done stays in what it
 * told last, so that it goes on from there after a fault or a stop.
 */
export async function migrateAll(from: Progress, page: (after: string) => Promise<MigrationPart>, tell: (now: Progress) => void, go: () => boolean): Promise<void> {
  let now = from
  while (!now.ended && go()) {
    const part = await page(now.after)
    now = { done: now.done + part.done, refused: [...now.refused, ...part.refused], after: part.next, ended: part.next === '' }
    tell(now)
  }
}

/** Versions that have matters under way, newest first, and those they could go to. */
export function versionsOf(p: ProcessSummary): { from: number[]; all: number[] } {
  const all = p.versions.map((v) => v.version).sort((a, b) => b - a)
  return { from: all.filter((n) => p.versions.some((v) => v.version === n && v.running > 0)), all }
}

/** From and to as they stand in the address, or what is meant most often: the newest older version with matters under way to the newest. */
export function chosenVersions(p: ProcessSummary, from: number, to: number): { from: number; to: number } | undefined {
  const known = versionsOf(p)
  const newest = known.all[0] ?? 0
  const start = known.from.includes(from) ? from : known.from.find((n) => n < newest) ?? known.from[0]
  if (start === undefined) return undefined
  const end = known.all.includes(to) && to !== start ? to : known.all.find((n) => n !== start)
  return end === undefined ? undefined : { from: start, to: end }
}

/** The map in the address: old:new pairs by comma. Ids of a model hold neither. */
export const mapText = (map: Record<string, string>): string => Object.entries(map).map(([a, b]) => `${a}:${b}`).join(',')
export function readMap(text: string): Record<string, string> {
  return Object.fromEntries(text.split(',').map((pair) => pair.split(':')).filter((p): p is [string, string] => p.length === 2 && Boolean(p[0]) && Boolean(p[1])))
}
