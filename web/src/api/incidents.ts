import { api } from './client'
import type { Incident, Json, Page } from './types'

export const incidents = (type = '', process = '') => api.get<Page<Incident>>('/incidents', { type, process, limit: 200 })
export const incidentCommand = (id: string, command: string, reason: string, data?: Json) =>
  api.post<void>(`/incidents/${encodeURIComponent(id)}/commands/${encodeURIComponent(command)}`, { reason, data })
