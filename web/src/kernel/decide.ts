/** The form and the answer of a decision model. Pure. */
import type { DecisionInput, DecisionModel, Field, Json, Values } from '../api/types'
import { t } from './i18n'

/** The field type that takes a value of a FEEL type; what has no input of its own is typed as JSON. */
const types: Record<string, string> = {
  'string': 'text', 'number': 'decimal', 'boolean': 'boolean', 'date': 'date', 'date and time': 'datetime', 'time': 'text', 'days and time duration': 'text', 'years and months duration': 'text', 'Any': 'text',
}
export const fieldsOf = (inputs: DecisionInput[]): Field[] => inputs.map((i) => ({ name: i.name, label: i.label, type: types[i.type] ?? 'json' }))

/** What was filled in; what was left empty is not known, and not sent. */
export function given(inputs: DecisionInput[], values: Values): Values {
  return Object.fromEntries(inputs.map((i) => [i.name, values[i.name]] as const).filter(([, v]) => v !== undefined && v !== null && v !== ''))
}

/** A conclusion in words: a context as its parts, a list one after another. */
export function valueText(value: Json): string {
  if (value === null) return t('word.none')
  if (typeof value === 'boolean') return t(value ? 'word.yes' : 'word.no')
  if (Array.isArray(value)) return value.map(valueText).join(t('word.comma'))
  if (typeof value === 'object') return Object.entries(value).map(([k, v]) => k + t('word.colon') + valueText(v)).join(t('word.semicolon'))
  return String(value)
}

/** The decisions that can be chosen: those of a model by its name, where it has one only by that alone. */
export function choicesOf(models: DecisionModel[]): { id: string; label: string }[] {
  return models.flatMap((m) => m.decisions.map((d) => ({ id: `${m.key}/${d.id}`, label: m.decisions.length > 1 ? `${m.label} · ${d.name}` : m.label })))
}

/** The model and decision that an address means, the first where it means none. */
export function chosenDecision(models: DecisionModel[], id: string): { model: DecisionModel; decision: DecisionModel['decisions'][number] } | undefined {
  const all = models.flatMap((model) => model.decisions.map((decision) => ({ model, decision })))
  return all.find((x) => `${x.model.key}/${x.decision.id}` === id) ?? all[0]
}
