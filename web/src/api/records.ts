import { api, download, type Query } from './client'
import type {
  Actions, Bucket, BulkResult, Change, Duplicate, FlowPicture, ImportResult, Json, Page, Row, Story, Task, Values,
} from './types'

export interface ListQuery {
  filter?: string; q?: string; bbox?: string; sort?: string; limit?: number; cursor?: string; total?: boolean; deleted?: boolean; fields?: string
}

const path = (type: string, id?: string, part?: string) =>
  '/records/' + encodeURIComponent(type) + (id ? '/' + encodeURIComponent(id) : '') + (part ? '/' + part : '')

export const list = (type: string, query: ListQuery, signal?: AbortSignal) => api.get<Page<Row>>(path(type), query as Query, signal)
export const read = (type: string, id: string) => api.get<Row>(path(type, id))
export const create = (type: string, values: Values) => api.post<Row>(path(type), values)
export const update = (type: string, id: string, patch: Values, rev: number) => api.patch<Row>(path(type, id), patch, rev)
export const remove = (type: string, id: string, rev: number, reason: string) => api.remove<void>(path(type, id), rev, { reason })

export const history = (type: string, id: string) => api.get<Page<Change>>(path(type, id, 'history'))
export const timeline = (type: string, id: string) => api.get<Page<Story>>(path(type, id, 'timeline'))
export const tasks = (type: string, id: string) => api.get<Page<Task>>(path(type, id, 'tasks'))
export const actions = (type: string, id: string) => api.get<Actions>(path(type, id, 'actions'))
export const flow = (type: string, id: string) => api.get<FlowPicture>(path(type, id, 'flow'))
export const duplicates = (type: string, id: string) => api.get<Page<Duplicate>>(path(type, id, 'duplicates'))
export const proof = (type: string, id: string) => api.get<Json>(path(type, id, 'proof'))

export const command = (type: string, id: string, name: string, data: Values, reason: string) =>
  api.post<Row>(path(type, id, 'commands/' + encodeURIComponent(name)), { data, reason })
export const unmask = (type: string, id: string, fields: string[], reason: string) =>
  api.post<{ fields: Values }>(path(type, id, 'commands/unmask'), { data: { fields }, reason })

export const bulk = (type: string, ids: string[], name: string, data: Values, reason: string) =>
  api.post<Page<BulkResult>>(path(type) + ':bulk', { ids, command: name, data, reason })
export const aggregate = (type: string, by: string, filter = '') =>
  api.get<Page<Bucket>>(path(type) + ':aggregate', { by, measure: 'count', filter })
export const exportFile = (type: string, format: string, query: ListQuery) =>
  download(path(type) + ':export', { ...(query as Query), format }, `${type}.${format}`)
export const template = (type: string) => download(path(type) + ':template', { format: 'xlsx' }, `${type}.xlsx`)
export function importFile(type: string, file: File, dry: boolean): Promise<ImportResult> {
  const form = new FormData()
  form.set('file', file)
  if (dry) form.set('dry', '1')
  return api.upload<ImportResult>(path(type) + ':import', form, dry ? { dry: 1 } : undefined)
}
