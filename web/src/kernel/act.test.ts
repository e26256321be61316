import { describe, expect, it } from 'vitest'
import type { Clock, Task } from '../api/types'
import { askedText, clocksFor, finishOf, isLimit, sharedOutcomes, processShapes, stepText, taskShapes } from './act'
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

describe('outcomes that tasks share', () => {
  const task = (node: string, kind: string, ...outcomes: string[]) => ({ id: node, node, kind, outcomes: outcomes.map((id) => ({ id, label: id })) }) as unknown as Task
  it.each([
    ['one step', [task('a', 'node', 'yes', 'no'), task('a', 'node', 'no')], ['no']],
    ['two steps', [task('a', 'node', 'yes'), task('b', 'node', 'yes')], []],
    ['a step without outcomes', [task('a', 'node'), task('a', 'node')], ['']],
    ['copies of several steps', [task('a', 'copy'), task('b', 'copy')], ['']],
    ['appeals of several steps', [task('a', 'appeal', 'approve', 'refuse'), task('b', 'appeal', 'approve', 'refuse')], ['approve', 'refuse']],
    ['a copy and an opinion', [task('a', 'copy'), task('a', 'consult')], []],
    ['a form to fill', [{ ...task('a', 'node'), form: [{ name: 'x', required: true }] }], []],
    ['nothing', [], []],
  ])('%s', (_, tasks, want) => {
    expect(sharedOutcomes(tasks).map((o) => o.id)).toEqual(want)
  })
  it.each([['supervise', true], ['consult', true], ['copy', false], ['node', false]])('%s needs words: %s', (kind, want) => {
    expect(finishOf(task('a', kind)).reason).toBe(want)
  })
  it.each([['node', '受理', '受理'], ['supervise', '受理', '督办答复 · 受理'], ['supervise', '督办答复', '督办答复']])('a task of kind %s at %s is called %s', (kind, label, want) => {
    expect(stepText({ ...task('a', kind), label })).toBe(want)
  })
  it('has words for every kind', () => {
    expect(['consult', 'copy', 'extend', 'supervise', 'appeal'].filter((k) => !has('task.kind.' + k) || !has('task.finish.' + k))).toEqual([])
  })
})
