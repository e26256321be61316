/** Who is signed in, in which post, and what the menu offers. */
import { reactive } from 'vue'
import * as sessionApi from '../api/session'
import { onSignedOut, Problem } from '../api/client'
import type { Me, MenuItem } from '../api/types'
import { clearCatalog } from './catalog'
import { dropAllDrafts } from './draft'
import { addWords } from './i18n'
import { useTheme } from './theme'

interface State { status: 'unknown' | 'anonymous' | 'ready' | 'failed'; me: Me | null; unread: number; problem: Problem | null }
export const session = reactive<State>({ status: 'unknown', me: null, unread: 0, problem: null })

export async function loadSession(): Promise<void> {
  try {
    const me = await sessionApi.me()
    session.me = { ...me, menu: [...(me.menu ?? [])].sort((a, b) => a.order - b.order) }
    session.unread = me.unread ?? 0
    useTheme(me.preferences?.['theme'])
    session.status = 'ready'
    session.problem = null
    void sessionApi.words().then((w) => addWords(w)).catch(() => undefined) // the build has the words it cannot do without
  } catch (cause) {
    const problem = cause instanceof Problem ? cause : new Problem(0, { code: 'client', detail: String(cause) })
    session.me = null
    session.status = problem.status === 401 ? 'anonymous' : 'failed'
    session.problem = problem.status === 401 ? null : problem
  }
}

export async function signIn(username: string, password: string): Promise<void> {
  await sessionApi.signIn(username, password)
  clearCatalog()
  await loadSession()
}

export async function signOut(): Promise<void> {
  await sessionApi.signOut().catch(() => undefined) // the session may be over already
  dropAllDrafts() // an expired session keeps them: the person comes back
  forget()
}

export async function switchPost(post: string): Promise<void> {
  await sessionApi.switchPost(post)
  clearCatalog()
  await loadSession()
}

function forget(): void {
  clearCatalog()
  session.me = null
  session.unread = 0
  session.status = 'anonymous'
}
onSignedOut(forget)

/** Where a menu entry leads. */
export function menuTarget(item: MenuItem): { path: string; query?: Record<string, string> } {
  if (item.type) return { path: '/list/' + item.type, query: item.filter ? { where: item.filter, view: item.id } : undefined }
  return { path: '/' + (item.page ?? 'tasks'), query: item.pack ? { pack: item.pack } : undefined }
}
