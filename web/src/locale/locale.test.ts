import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { has } from '../kernel/i18n'

const src = new URL('../', import.meta.url).pathname

function files(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    return statSync(path).isDirectory() ? files(path) : [path]
  })
}
const code = files(src).filter((p) => /\.(ts|vue)$/.test(p) && !p.endsWith('.test.ts')).map((path) => ({ path: path.slice(src.length), text: readFileSync(path, 'utf8') }))

describe('words', () => {
  it('stand in the locale file only', () => {
    const guilty = code.filter((f) => /\p{Script=Han}/u.test(f.text)).map((f) => f.path)
    expect(guilty).toEqual([])
  })
  it('exist for every key that is asked for', () => {
    const asked = code.flatMap((f) => [...f.text.matchAll(/\bt\('([\w.]+)'/g)].map((m) => ({ path: f.path, key: m[1] ?? '' })))
    expect(asked.length).toBeGreaterThan(150)
    expect(asked.filter((a) => !a.key.endsWith('.') && !has(a.key))).toEqual([])
  })
})

describe('components', () => {
  it('stay under 250 lines', () => {
    expect(code.filter((f) => f.path.endsWith('.vue') && f.text.split('\n').length > 250).map((f) => f.path)).toEqual([])
  })
  it('fetch only in src/api', () => {
    const guilty = code.filter((f) => !f.path.startsWith('api/') && /\bfetch\(|XMLHttpRequest|EventSource\(/.test(f.text)).map((f) => f.path)
    expect(guilty).toEqual([])
  })
  it('hold no inline styles, no generated code, no any', () => {
    const guilty = code.filter((f) => /\sstyle="|v-html|\beval\(|new Function\(|:\s*any\b|as any\b|<any>/.test(f.text)).map((f) => f.path)
    expect(guilty).toEqual([])
  })
})
