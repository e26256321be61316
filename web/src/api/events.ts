/** What the server tells without being asked. The browser reconnects by itself. */
export interface Handlers {
  notice?: (unread: number | undefined) => void
  task?: () => void
  record?: (type: string, id: string) => void
}

function data(event: Event): Record<string, unknown> {
  try {
    return JSON.parse((event as MessageEvent<string>).data) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** Opens the stream and gives the function that closes it. */
export function listen(handlers: Handlers): () => void {
  const source = new EventSource('/api/v1/events')
  source.addEventListener('notice', (event) => {
    const unread = data(event)['unread']
    handlers.notice?.(typeof unread === 'number' ? unread : undefined)
  })
  source.addEventListener('task', () => handlers.task?.())
  source.addEventListener('record', (event) => {
    const at = data(event)
    handlers.record?.(String(at['type'] ?? ''), String(at['id'] ?? ''))
  })
  return () => source.close()
}
