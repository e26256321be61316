import { api } from './client'
import type { Page, StandIn } from './types'

export interface NewStandIn { deputy: string; post?: string; first: string; last: string; reason: string }

export const standIns = (signal?: AbortSignal) => api.get<Page<StandIn>>('/standins', {}, signal)
export const appoint = (body: NewStandIn) => api.post<StandIn>('/standins', { ...body })
export const dismiss = (id: string) => api.remove<void>('/standins/' + encodeURIComponent(id))
