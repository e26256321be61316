import { describe, expect, it } from 'vitest'
import { Problem } from '../api/client'
import { useAttempt } from './attempt'

describe('one try at an act', () => {
  it('does nothing where something is missing, and says so', async () => {
    const { failure, run } = useAttempt()
    let done = 0
    expect(await run('missing', async () => { done++ })).toBe(false)
    expect([done, failure.value]).toEqual([0, 'missing'])
    expect(await run('', async () => { done++ })).toBe(true)
    expect([done, failure.value]).toEqual([1, ''])
  })
  it('says what was refused and can be tried again', async () => {
    const { busy, failure, run } = useAttempt()
    expect(await run('', () => Promise.reject(new Problem(409, { code: 'task.taken', detail: '已被他人办理' })))).toBe(false)
    expect(failure.value).toContain('已被他人办理')
    expect(busy.value).toBe(false)
    expect(await run('', async () => undefined)).toBe(true)
  })
  it('is done once, however often the button is pressed', async () => {
    const { busy, run } = useAttempt()
    let done = 0
    let go = () => {}
    const first = run('', () => new Promise<void>((resolve) => { done++; go = resolve }))
    expect(busy.value).toBe(true)
    expect(await run('', async () => { done++ })).toBe(false)
    go()
    expect(await first).toBe(true)
    expect(done).toBe(1)
  })
})
