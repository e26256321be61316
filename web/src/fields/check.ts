/** Cheap checks shared by field types; each gives a key of words or nothing. */
import type { Field, Json } from '../api/types'
import { Decimal } from '../kernel/feel/decimal'

export function number(value: Json, field: Field, whole: boolean): string {
  const d = Decimal.parse(String(value))
  if (!d) return 'check.number'
  if (whole && d.integer() === null) return 'check.integer'
  const scale = field.scale ?? (whole ? 0 : undefined)
  if (scale !== undefined && d.scale > scale) return 'check.scale'
  const low = field.low === undefined ? null : Decimal.parse(String(field.low))
  const high = field.high === undefined ? null : Decimal.parse(String(field.high))
  if (low && d.cmp(low) < 0) return 'check.low'
  return high && d.cmp(high) > 0 ? 'check.high' : ''
}

/** Numbers of China: mobile, land line with or without area code, service numbers. */
export function phone(value: Json): string {
  const digits = String(value).trim().replace(/^\+86/, '').replace(/[\s()-]/g, '')
  const ok = /^1[3-9]\d{9}$/.test(digits) || /^0\d{9,11}$/.test(digits) || /^[2-9]\d{6,7}$/.test(digits) || /^\d{3,5}$/.test(digits) || /^[48]00\d{7}$/.test(digits)
  return ok ? '' : 'check.phone'
}

/** GB 11643-1999: 18 characters, check character by ISO 7064 MOD 11-2. */
export function idcard(value: Json): string {
  const s = String(value).trim().toUpperCase()
  if (!/^\d{17}[\dX]$/.test(s)) return 'check.idcard'
  const sum = [...s.slice(0, 17)].reduce((n, c, i) => n + Number(c) * (2 ** (17 - i) % 11), 0)
  return '10X98765432'[sum % 11] === s[17] ? '' : 'check.idcard'
}

/** GB 32100-2015: 18 characters without I, O, S, V, Z, check character modulus 31. */
export function uscc(value: Json): string {
  const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'
  const s = String(value).trim().toUpperCase()
  if (!new RegExp(`^[${alphabet}]{18}$`).test(s)) return 'check.uscc'
  let sum = 0
  let weight = 1
  for (const c of s.slice(0, 17)) {
    sum += alphabet.indexOf(c) * weight
    weight = (weight * 3) % 31
  }
  return alphabet[(31 - (sum % 31)) % 31] === s[17] ? '' : 'check.uscc'
}

export function email(value: Json): string {
  return /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(String(value)) ? '' : 'check.email'
}

export function url(value: Json): string {
  try {
    const at = new URL(String(value))
    return at.protocol === 'http:' || at.protocol === 'https:' ? '' : 'check.url'
  } catch {
    return 'check.url'
  }
}

export function period(value: Json): string {
  const span = value as { from?: string; to?: string }
  return span.from && span.to && span.to < span.from ? 'check.period' : ''
}
