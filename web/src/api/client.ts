/** The one place that talks to the server: JSON in and out, problems as exceptions, nothing outside the origin. */
import type { FieldError, Json } from './types'

interface ProblemBody { title?: string; status?: number; code?: string; detail?: string; errors?: FieldError[]; trace?: string }

/** A refusal or failure of the server (RFC 9457), or code "offline" when it could not be reached. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly errors: FieldError[]
  readonly trace: string

  constructor(status: number, body: ProblemBody) {
    super(body.detail || body.title || body.code || String(status))
    this.name = 'Problem'
    this.status = status
    this.code = body.code ?? ''
    this.detail = body.detail || body.title || ''
    this.errors = body.errors ?? []
    this.trace = body.trace ?? ''
  }
}

export type Query = Record<string, string | number | boolean | undefined>

export interface Options {
  query?: Query
  body?: unknown
  form?: FormData
  rev?: number
  signal?: AbortSignal
}

type Listener = () => void
const listeners = new Set<Listener>()

/** Calls back whenever the server says that nobody is signed in any more. */
export function onSignedOut(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function address(path: string, query?: Query): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== '' && value !== false) search.set(key, value === true ? '1' : String(value))
  }
  const tail = search.toString()
  return '/api/v1' + path + (tail ? '?' + tail : '')
}

/** Ids of commands: the server does a repeated one once. randomUUID exists in secure contexts only. */
export function commandId(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  let body: BodyInit | undefined
  if (options.form) body = options.form
  else if (options.body !== undefined) {
    headers['Content-Type'] = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    body = JSON.stringify(options.body)
  }
  if (options.rev !== undefined) headers['If-Match'] = `"${options.rev}"`
  if (method === 'POST') headers['Idempotency-Key'] = commandId()
  try {
    // PUT carries small settings: they arrive even where the person has gone on to another page.
    return await fetch(address(path, options.query), { method, headers, body, signal: options.signal, credentials: 'same-origin', keepalive: method === 'PUT' })
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new Problem(0, { code: 'offline' })
  }
}

export async function problemOf(response: Response): Promise<Problem> {
  let body: ProblemBody = {}
  try {
    body = (await response.json()) as ProblemBody
  } catch {
    body = { code: 'http.' + response.status }
  }
  if (!body.trace) body.trace = response.headers.get('Trace-Id') ?? ''
  return new Problem(response.status, body)
}

async function answer<T>(method: string, path: string, options: Options): Promise<T> {
  const response = await send(method, path, options)
  if (!response.ok) {
    const problem = await problemOf(response)
    if (problem.status === 401 && path !== '/session') listeners.forEach((listener) => listener())
    throw problem
  }
  if (response.status === 204) return undefined as T
  const text = await response.text()
  return (text ? JSON.parse(text) : undefined) as T
}

export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal) => answer<T>('GET', path, { query, signal }),
  post: <T>(path: string, body?: unknown, query?: Query) => answer<T>('POST', path, { body: body ?? {}, query }),
  put: <T>(path: string, body: unknown) => answer<T>('PUT', path, { body }),
  patch: <T>(path: string, body: unknown, rev: number) => answer<T>('PATCH', path, { body, rev }),
  remove: <T>(path: string, rev?: number, query?: Query) => answer<T>('DELETE', path, { rev, query }),
  upload: <T>(path: string, form: FormData, query?: Query) => answer<T>('POST', path, { form, query }),
}

/** Fetches a file and hands it to the browser to save, under the name the server gives it. */
export async function download(path: string, query: Query, fallback: string): Promise<void> {
  const response = await send('GET', path, { query })
  if (!response.ok) throw await problemOf(response)
  const name = /filename\*=UTF-8''([^;]+)/i.exec(response.headers.get('Content-Disposition') ?? '')?.[1]
  const url = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = name ? decodeURIComponent(name) : fallback
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

export type { Json }
