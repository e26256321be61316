import { api } from './client'
import type { Incident, Json, Page } from './types'

export const incidents = (type: string, process: string, cursor = '') => api.get<Page<Incident>>('/incidents', { type, process, limit: 100, cursor })
export const incidentCommand = (id: string, command: string, reason: string, data?: Json) =>
  api.post<void>(`/incidents/${encodeURIComponent(id)}/commands/${encodeURIComponent(command)}`, { reason, data })
