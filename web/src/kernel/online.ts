import { shallowRef } from 'vue'

/** Whether the browser believes it has a network. */
export const online = shallowRef(navigator.onLine)
addEventListener('online', () => { online.value = true })
addEventListener('offline', () => { online.value = false })
