import { api } from './client'
import type { DemoAccount, Login, Me, Page, Session } from './types'

export const signIn = (username: string, password: string) => api.post<Login>('/session', { username, password })
export const signOut = () => api.remove<void>('/session')
export const switchPost = (post: string) => api.put<void>('/session', { post })
export const me = () => api.get<Me>('/me')
export const sessions = () => api.get<Page<Session>>('/sessions')
export const endSession = (id: string) => api.remove<void>('/sessions/' + encodeURIComponent(id))
export const demoAccounts = () => api.get<Page<DemoAccount>>('/demo/accounts')
export const words = () => api.get<Record<string, string>>('/locale/zh-CN')
export const keepPreference = (name: string, value: unknown) => api.put<void>('/me/preferences/' + encodeURIComponent(name), { value })
