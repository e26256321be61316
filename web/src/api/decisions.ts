import { api } from './client'
import type { DecisionModel, Evaluation, Page, Values } from './types'

export const decisions = (date: string) => api.get<Page<DecisionModel>>('/decisions', { date })
export const evaluate = (key: string, decision: string, inputs: Values, date: string) =>
  api.post<Evaluation>(`/decisions/${encodeURIComponent(key)}/${encodeURIComponent(decision)}:evaluate`, { inputs, date })
