import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { Problem } from '../api/client'

export interface Loader<T> { data: ShallowRef<T | undefined>; problem: ShallowRef<Problem | undefined>; loading: Ref<boolean>; run: () => Promise<void> }

/** What was thrown, as a problem that can be shown. */
export function asProblem(cause: unknown): Problem {
  return cause instanceof Problem ? cause : new Problem(0, { code: 'client', detail: cause instanceof Error ? cause.message : String(cause) })
}

/** Loads, and keeps the newest answer only: a slow earlier one does not overwrite it. */
export function useLoad<T>(fetcher: (signal: AbortSignal) => Promise<T>): Loader<T> {
  const data = shallowRef<T>()
  const problem = shallowRef<Problem>()
  const loading = ref(false)
  let current: AbortController | undefined
  async function run(): Promise<void> {
    current?.abort()
    const mine = (current = new AbortController())
    loading.value = true
    try {
      const answer = await fetcher(mine.signal)
      if (mine === current) {
        data.value = answer
        problem.value = undefined
      }
    } catch (cause) {
      if (mine === current && !mine.signal.aborted) problem.value = asProblem(cause)
    } finally {
      if (mine === current) loading.value = false
    }
  }
  onScopeDispose(() => current?.abort())
  return { data, problem, loading, run }
}
