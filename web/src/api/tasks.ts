import { api } from './client'
import type { Page, ReturnTarget, Task, TaskResult, Values } from './types'

export interface TaskQuery { state?: string; scope?: string; type?: string; sort?: string; limit?: number; cursor?: string }
export interface TaskCommand { outcome?: string; data?: Values; reason?: string; target?: string; to?: string[]; limit?: string; basis?: string; notice?: string; direct?: boolean; before?: boolean }

export const tasks = (query: TaskQuery, signal?: AbortSignal) => api.get<Page<Task>>('/tasks', { ...query }, signal)
export const returnTargets = (id: string) => api.get<Page<ReturnTarget>>(`/tasks/${encodeURIComponent(id)}/return-targets`)
export const act = (id: string, command: string, body: TaskCommand) =>
  api.post<TaskResult>(`/tasks/${encodeURIComponent(id)}/commands/${encodeURIComponent(command)}`, body)
