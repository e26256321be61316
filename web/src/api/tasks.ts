import { api } from './client'
import type { BatchAnswer, Page, ReturnTarget, Task, TaskResult, Values } from './types'

export interface TaskQuery { state?: string; scope?: string; type?: string; sort?: string; limit?: number; cursor?: string }
export interface TaskCommand { outcome?: string; data?: Values; reason?: string; target?: string; to?: string[]; limit?: string; basis?: string; notice?: string; direct?: boolean; before?: boolean; sla?: string; next?: string }
/** The server takes at most this many tasks at once. */
export const batchLimit = 200

export const tasks = (query: TaskQuery, signal?: AbortSignal) => api.get<Page<Task>>('/tasks', { ...query }, signal)
export const returnTargets = (id: string) => api.get<Page<ReturnTarget>>(`/tasks/${encodeURIComponent(id)}/return-targets`)
export const act = (id: string, command: string, body: TaskCommand) =>
  api.post<TaskResult>(`/tasks/${encodeURIComponent(id)}/commands/${encodeURIComponent(command)}`, body)
export const actAll = (command: string, ids: string[], body: TaskCommand) =>
  api.post<BatchAnswer>('/tasks:act', { ...body, command, tasks: ids.map((id) => ({ id })) })
