/** What the commands on tasks and processes ask for, and what is wrong with what was given. Pure: the dialogs only show it. */
import type { Asked, Clock, Outcome, Task } from '../api/types'
import { t } from './i18n'

export interface Shape {
  /** Who else is named: one person or several. */
  person?: 'one' | 'many'
  limit?: boolean
  basis?: boolean
  /** A reason is demanded. */
  must?: boolean
  before?: boolean
  /** Which clock is meant, of the running ones or of those with a card. */
  clock?: 'any' | 'card'
  target?: boolean
}

export const taskShapes: Record<string, Shape> = {
  transfer: { person: 'one', must: true }, delegate: { person: 'one' }, consult: { person: 'many', must: true }, copy: { person: 'many' }, add: { person: 'many', before: true },
  pause: { limit: true, basis: true, must: true }, extend: { person: 'many', limit: true, basis: true, must: true, clock: 'any' }, appeal: { person: 'many', must: true, clock: 'card' },
  supervise: { must: true }, withdraw: { must: true }, suspend: { must: true }, cancel: { must: true },
}
export const processShapes: Record<string, Shape> = {
  supervise: { must: true }, urge: {}, suspend: { must: true }, activate: {}, cancel: { must: true }, due: { limit: true, basis: true, must: true, clock: 'any' },
  jump: { target: true, must: true }, migrate: { must: true },
}

/** Clocks a command can mean: an appeal is against a card. */
export function clocksFor(shape: Shape, clocks: Clock[]): Clock[] {
  if (!shape.clock) return []
  return clocks.filter((c) => c.state !== 'stopped' && (shape.clock === 'any' || c.card))
}

/** A length such as "10 workday": a whole number from 1 to 999. */
export function isLimit(text: string): boolean {
  return /^[1-9]\d{0,2} \w+$/.test(text)
}

/** A length such as "10 workday" in words. */
export function limitText(limit: string): string {
  const [amount = '', unit = ''] = limit.split(' ')
  return `${amount} ${t('unit.' + unit)}`
}

/** Who asks for what, and why, in one line. */
export function askedText(a: Asked): string {
  const parts = [
    a.clock ? t('asked.clock', { clock: a.clock }) : '', a.level ? t('clock.' + a.level) : '', a.limit ? t('asked.limit', { limit: limitText(a.limit) }) : '', a.basis ? t('asked.basis', { basis: a.basis }) : '',
    a.reason ? t('asked.reason', { reason: a.reason }) : '',
  ].filter(Boolean)
  return [t('asked.by', { by: a.by_name }), ...parts].join(t('word.semicolon'))
}

/** A task beside the way: an opinion, a copy to know of, an approval, an answer to a supervisor. */
export const beside = (task: Task): boolean => task.kind !== undefined && task.kind !== 'node'

/** What a task is called: one beside the way by what it is about, then by where it was asked. */
export function stepText(task: Task): string {
  return beside(task) ? [...new Set([t('task.kind.' + task.kind), task.label])].join(' · ') : task.label
}

/** How a task without outcomes of its own is done; an opinion and an answer are nothing without words. */
export function finishOf(task: Task): Outcome {
  return { id: '', label: t(beside(task) ? `task.finish.${task.kind}` : 'command.complete'), reason: task.kind === 'supervise' || task.kind === 'consult' }
}

/** The outcomes that all of some tasks have: of one step, or of one kind beside the way. Only these can be given together. */
export function sharedOutcomes(tasks: Task[]): Outcome[] {
  const [first, ...rest] = tasks
  if (!first || rest.some((x) => x.kind !== first.kind || (!beside(first) && x.node !== first.node))) return []
  const outcomes = (task: Task) => (task.outcomes?.length ? task.outcomes : task.form?.some((f) => f.required) ? [] : [finishOf(task)])
  return outcomes(first).filter((o) => rest.every((x) => outcomes(x).some((p) => p.id === o.id)))
}
