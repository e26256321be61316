import { api } from './client'
import type { Notice, Page } from './types'

export const inbox = (unread = false) => api.get<Page<Notice> & { unread: number }>('/inbox', { unread })
export const markRead = (id: string) => api.post<void>(`/inbox/${encodeURIComponent(id)}/read`)
export const markAllRead = () => api.post<void>('/inbox/read-all')
