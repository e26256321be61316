/** Hands what the server tells to the pages that care, for as long as they live. */
import { onScopeDispose } from 'vue'

export type EventName = 'notice' | 'task' | 'record'
type Listener = (type: string, id: string) => void
const listeners: Record<EventName, Set<Listener>> = { notice: new Set(), task: new Set(), record: new Set() }

export function emitEvent(name: EventName, type: string, id: string): void {
  listeners[name].forEach((listener) => listener(type, id))
}

/** Calls back until the component goes; bursts within half a second count once. */
export function onServerEvent(name: EventName, listener: Listener): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const calm: Listener = (type, id) => {
    clearTimeout(timer)
    timer = setTimeout(() => listener(type, id), 500)
  }
  listeners[name].add(calm)
  onScopeDispose(() => { clearTimeout(timer); listeners[name].delete(calm) })
}
