import { shallowRef } from 'vue'

/** The time, moved on once a minute: deadlines count down without asking the server. */
export const minute = shallowRef(new Date())
setInterval(() => { minute.value = new Date() }, 60_000)
