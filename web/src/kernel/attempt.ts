import { ref, type Ref } from 'vue'
import { asProblem } from './load'
import { explain } from './problem'

/** One try at an act of a dialog: whether it is under way, and what is missing or was refused, with what to do next. */
export interface Attempt {
  busy: Ref<boolean>
  failure: Ref<string>
  /** Does the act unless something is wrong, or the one before is still under way; tells whether it was done. */
  run: (wrong: string, act: () => Promise<void>) => Promise<boolean>
}

export function useAttempt(): Attempt {
  const busy = ref(false)
  const failure = ref('')
  async function run(wrong: string, act: () => Promise<void>): Promise<boolean> {
    if (busy.value) return false
    failure.value = wrong
    if (wrong) return false
    busy.value = true
    try {
      await act()
      return true
    } catch (cause) {
      const said = explain(asProblem(cause))
      failure.value = `${said.reason} ${said.next}`
      return false
    } finally {
      busy.value = false
    }
  }
  return { busy, failure, run }
}
