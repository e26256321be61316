import { nextTick, watch, type Ref } from 'vue'

/** Marks the page as complete once nothing is loading; tests and printing wait for it. */
export function readyWhen(...loading: Ref<boolean>[]): void {
  watch(loading, async (states) => {
    delete document.documentElement.dataset['ready']
    if (states.some(Boolean)) return
    await nextTick()
    if (loading.some((l) => l.value)) return
    document.documentElement.dataset['ready'] = 'true'
  }, { immediate: true })
}
