/** Declarations and tables that change rarely, fetched once a session. */
import * as meta from '../api/meta'
import type { Area, CodeEntry, Org, RecordType, TypeSummary } from '../api/types'

const cache = new Map<string, Promise<unknown>>()

function once<T>(key: string, fetcher: () => Promise<T>): Promise<T> {
  let entry = cache.get(key) as Promise<T> | undefined
  if (!entry) {
    entry = fetcher().catch((cause: unknown) => {
      cache.delete(key)
      throw cause
    })
    cache.set(key, entry)
  }
  return entry
}

export function clearCatalog(): void {
  cache.clear()
}

export const types = (): Promise<TypeSummary[]> => once('types', async () => (await meta.types()).items)
export const typeOf = (name: string): Promise<RecordType> => once('type ' + name, async () => {
  const type = await meta.type(name)
  return { ...type, actions: type.actions ?? [], fields: type.fields ?? [], commands: type.commands ?? [], states: type.states ?? [] }
})
export const codes = (table: string): Promise<CodeEntry[]> => once('codes ' + table, async () => (await meta.codes(table)).items)
export const orgs = (): Promise<Org[]> => once('orgs', async () => (await meta.orgs()).items)
export const areas = (parent: string): Promise<Area[]> => once('areas ' + parent, async () => (await meta.areas(parent)).items)
