import { describe, expect, it } from 'vitest'
import type { Clock } from '../api/types'
import { askedText, clocksFor, isLimit, processShapes, taskShapes } from './act'
import { has } from './i18n'

describe('length of time', () => {
  it.each([['10 workday', true], ['1 hour', true], ['999 day', true], ['0 day', false], ['1000 day', false], ['1.5 day', false], ['-3 day', false], ['x day', false], ['10', false], ['', false]])('%s', (text, want) => {
    expect(isLimit(text)).toBe(want)
  })
})

describe('clocks a command can mean', () => {
  const clock = (name: string, card: boolean, state = 'running'): Clock => ({ name, label: name, level: card ? 'red' : 'green', card, state })
  const all = [clock('handle', true), clock('total', false), clock('over', true, 'stopped')]
  it.each([['extend', ['handle', 'total']], ['appeal', ['handle']], ['transfer', []]])('%s', (command, want) => {
    expect(clocksFor(taskShapes[command] ?? {}, all).map((c) => c.name)).toEqual(want)
  })
})

it('has words and a hint for every command', () => {
  const commands = [...new Set([...Object.keys(taskShapes), ...Object.keys(processShapes)])]
  expect(commands.filter((c) => !has('command.' + c) || !has('command.hint.' + c))).toEqual([])
})

describe('what is asked', () => {
  it.each([
    [{ by_name: '演示员甲', reason: '是否属实' }, '演示员甲 提出；理由：是否属实'],
    [{ by_name: '演示员甲', reason: '现场复杂', clock: '处置', limit: '3 workday', basis: '第四十二条' }, '演示员甲 提出；时限“处置”；延长 3 个工作日；依据：第四十二条；理由：现场复杂'],
    [{ by_name: '演示员甲', reason: '已按期', clock: '处置', level: 'red' as const }, '演示员甲 提出；时限“处置”；红牌；理由：已按期'],
  ])('%j', (asked, want) => {
    expect(askedText(asked)).toBe(want)
  })
})
