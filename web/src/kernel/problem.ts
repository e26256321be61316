/** Turns a problem into what a person can read and do: the reason, the next step, and the number to quote. */
import type { Problem } from '../api/client'
import { has, t } from './i18n'

export interface Explanation { kind: 'offline' | 'forbidden' | 'missing' | 'conflict' | 'invalid' | 'signin' | 'failed'; title: string; reason: string; next: string; trace: string }

function kindOf(problem: Problem): Explanation['kind'] {
  if (problem.code === 'offline') return 'offline'
  switch (problem.status) {
    case 401: return 'signin'
    case 403: return 'forbidden'
    case 404: return 'missing'
    case 409: case 412: case 428: return 'conflict'
    case 400: case 413: case 422: return 'invalid'
    default: return 'failed'
  }
}

export function explain(problem: Problem): Explanation {
  const kind = kindOf(problem)
  const own = problem.detail && problem.detail !== problem.code ? problem.detail : ''
  const reason = own || (has('problem.code.' + problem.code) ? t('problem.code.' + problem.code) : t(`problem.${kind}.reason`))
  return { kind, title: t(`problem.${kind}.title`), reason, next: t(`problem.${kind}.next`), trace: problem.trace }
}

/** One line for a place that has no fields to put errors at: the reason and what the server says of each part. */
export function say(problem: Problem): string {
  const { reason } = explain(problem)
  const parts = [...new Set(problem.errors.map((e) => e.detail).filter((d): d is string => Boolean(d) && !reason.includes(d ?? '')))]
  return parts.length ? reason.replace(/[。：]$/, '') + t('word.colon') + parts.join(t('word.semicolon')) : reason
}

/** Field errors by field name; the first of each field counts. A pointer such as /items/2/amount belongs to items. */
export function fieldErrors(problem: Problem): Record<string, string> {
  const out: Record<string, string> = {}
  for (const e of problem.errors) {
    const [name = '', row] = e.pointer.replace(/^\//, '').replace(/^(data|inputs)\//, '').split('/')
    if (!name || out[name]) continue
    const where = row !== undefined && /^\d+$/.test(row) ? t('rows.nth', { n: Number(row) + 1 }) + t('word.colon') : ''
    out[name] = where + (e.detail || (has('check.' + e.code) ? t('check.' + e.code) : e.code))
  }
  return out
}
