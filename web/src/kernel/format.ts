/** Dates, numbers and sizes as the county reads them; always in China's zone, whatever the machine's. */
import { t } from './i18n'

const zone = 'Asia/Shanghai'
const dateTime = new Intl.DateTimeFormat('zh-CN', {
  timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
})

function parts(at: Date): Record<string, string> {
  return Object.fromEntries(dateTime.formatToParts(at).map((p) => [p.type, p.value]))
}

/** 2026-03-02 09:30 */
export function formatInstant(value: unknown): string {
  if (typeof value !== 'string' || !value) return ''
  const at = new Date(value)
  if (Number.isNaN(at.getTime())) return value
  const p = parts(at)
  return `${p['year']}-${p['month']}-${p['day']} ${p['hour']}:${p['minute']}`
}

/** The day of an instant in China, yyyy-mm-dd. */
export function dayOf(at: Date): string {
  const p = parts(at)
  return `${p['year']}-${p['month']}-${p['day']}`
}

/** Who acted, where that is nobody of the directory: the public, or the system itself. */
export function formatActor(id: unknown): string {
  return id === 'anonymous' || id === 'system' ? t('actor.' + id) : ''
}

/** 1.500 → 1.5: what was not measured is not said. */
export function formatDecimal(value: unknown): string {
  const text = String(value ?? '')
  return formatNumber(/^-?\d+\.\d+$/.test(text) ? text.replace(/\.?0+$/, '') : text)
}

/** 1234567.50 → 1,234,567.50, without going through floating point. */
export function formatNumber(value: unknown): string {
  const text = String(value ?? '')
  const m = /^(-?)(\d+)(\.\d+)?$/.exec(text)
  return m ? (m[1] ?? '') + (m[2] ?? '').replace(/\B(?=(\d{3})+$)/g, ',') + (m[3] ?? '') : text
}

export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}

/** A span of clock time in its two largest units, such as two days three hours. */
export function formatSpan(ms: number): string {
  const minutes = Math.max(1, Math.round(Math.abs(ms) / 60_000))
  const days = Math.floor(minutes / 1440)
  const hours = Math.floor((minutes % 1440) / 60)
  const rest = minutes % 60
  if (days) return t('span.days', { n: days }) + (hours ? ' ' + t('span.hours', { n: hours }) : '')
  if (hours) return t('span.hours', { n: hours }) + (rest ? ' ' + t('span.minutes', { n: rest }) : '')
  return t('span.minutes', { n: rest })
}

/** What is left until a deadline, or by how much it has passed. */
export function formatDue(due: string, now: Date): string {
  const left = new Date(due).getTime() - now.getTime()
  return Number.isNaN(left) ? '' : t(left >= 0 ? 'due.left' : 'due.over', { span: formatSpan(left) })
}
