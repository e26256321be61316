import { describe, expect, it } from 'vitest'
import type { MigrationPart, ProcessSummary, Refusal } from '../api/types'
import { atStart, chosenVersions, mapText, migrateAll, readMap, type Progress } from './migrate'

const refusal = (instance: string): Refusal => ({ instance, type: 't', record: 'r', number: '1', code: 'flow.migrate.node', label: 'x' })
const pages: Record<string, MigrationPart> = {
  '': { done: 2, refused: [refusal('b')], next: 'c' }, 'c': { done: 3, refused: [], next: 'f' }, 'f': { done: 1, refused: [refusal('g')], next: '' },
}

describe('page after page', () => {
  it('goes to the end and adds up', async () => {
    const told: Progress[] = []
    await migrateAll(atStart(), async (after) => pages[after]!, (p) => told.push(p), () => true)
    expect(told.map((p) => [p.done, p.refused.length, p.ended])).toEqual([[2, 1, false], [5, 1, false], [6, 2, true]])
  })
  it('stops when told to and goes on from there', async () => {
    const asked: string[] = []
    let last = atStart()
    const page = async (after: string) => { asked.push(after); return pages[after]! }
    await migrateAll(last, page, (p) => { last = p }, () => last.done < 2)
    expect([asked, last.done, last.ended]).toEqual([[''], 2, false])
    await migrateAll(last, page, (p) => { last = p }, () => true)
    expect([asked, last.done, last.ended]).toEqual([['', 'c', 'f'], 6, true])
  })
  it('keeps what was done when a page fails', async () => {
    let last = atStart()
    const failing = async (after: string) => { if (after === 'c') throw new Error('offline'); return pages[after]! }
    await expect(migrateAll(last, failing, (p) => { last = p }, () => true)).rejects.toThrow('offline')
    expect([last.done, last.after]).toEqual([2, 'c'])
  })
  it('asks for nothing once it has ended', async () => {
    await migrateAll({ ...atStart(), ended: true }, async () => { throw new Error('asked') }, () => undefined, () => true)
  })
})

describe('versions', () => {
  const p = (...running: [number, number][]): ProcessSummary => ({ key: 'k', label: 'k', type: 't', type_label: 't', versions: running.map(([version, n]) => ({ version, running: n, ended: 1 })) })
  it.each([
    ['newest older one to the newest', p([1, 5], [2, 4], [3, 0]), 0, 0, { from: 2, to: 3 }],
    ['as the address says', p([1, 5], [2, 4], [3, 0]), 1, 2, { from: 1, to: 2 }],
    ['nothing runs in the version asked for', p([1, 0], [2, 4], [3, 0]), 1, 3, { from: 2, to: 3 }],
    ['not to itself', p([1, 5], [3, 4]), 1, 1, { from: 1, to: 3 }],
    ['back from the newest', p([1, 0], [2, 4]), 0, 0, { from: 2, to: 1 }],
    ['one version only', p([1, 4]), 0, 0, undefined],
    ['nothing under way', p([2, 0], [1, 0]), 0, 0, undefined],
  ])('%s', (_, summary, from, to, want) => {
    expect(chosenVersions(summary, from, to)).toEqual(want)
  })
})

it('keeps the map in the address', () => {
  const map = { review: 'check', Task_1: 'Task_2' }
  expect(readMap(mapText(map))).toEqual(map)
  expect(readMap('')).toEqual({})
  expect(readMap('a:,:b,c,d:e:f,x:y')).toEqual({ x: 'y' })
})
