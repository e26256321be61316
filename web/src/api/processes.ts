import { api } from './client'
import type { Page, ProcessCase, ProcessInsight, ProcessSummary } from './types'

export interface Look { version: string; from: string; to: string }
export const processes = () => api.get<Page<ProcessSummary>>('/processes')
export const processInsight = (key: string, look: Look) => api.get<ProcessInsight>(`/processes/${encodeURIComponent(key)}/insight`, { ...look })
export const processCases = (key: string, look: Look, node: string, measure: string) =>
  api.get<Page<ProcessCase>>(`/processes/${encodeURIComponent(key)}/cases`, { ...look, node, measure, limit: '200' })
