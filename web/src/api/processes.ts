import { api } from './client'
import type { MigrationPart, MigrationPlan, Page, ProcessCase, ProcessInsight, ProcessSummary, RecordProcess } from './types'

export interface Look { version: string; from: string; to: string }
export const processes = () => api.get<Page<ProcessSummary>>('/processes')
export const processInsight = (key: string, look: Look) => api.get<ProcessInsight>(`/processes/${encodeURIComponent(key)}/insight`, { ...look })
export const processCases = (key: string, look: Look, node: string, measure: string) =>
  api.get<Page<ProcessCase>>(`/processes/${encodeURIComponent(key)}/cases`, { ...look, node, measure, limit: '200' })

/** What a command on the process of a record carries; which of it is asked for depends on the command. */
export interface ProcessCommand { reason?: string; target?: string; token?: number; sla?: string; limit?: string; basis?: string; version?: number }
const ofRecord = (type: string, id: string) => `/records/${encodeURIComponent(type)}/${encodeURIComponent(id)}/process`
export const recordProcess = (type: string, id: string) => api.get<RecordProcess>(ofRecord(type, id))
export const processCommand = (type: string, id: string, command: string, body: ProcessCommand) =>
  api.post<RecordProcess>(`${ofRecord(type, id)}/${encodeURIComponent(command)}`, body)

/** From which version to which, and what nodes of the old are called in the new where their ids differ. */
export interface Migration { from: number; to: number; map: Record<string, string> }
const migration = (key: string) => `/processes/${encodeURIComponent(key)}/migration`
export const planMigration = (key: string, m: Migration) => api.post<MigrationPlan>(migration(key) + ':plan', m)
export const migrate = (key: string, m: Migration, reason: string, after: string, limit: number) =>
  api.post<MigrationPart>(migration(key), { ...m, reason, after, limit })
