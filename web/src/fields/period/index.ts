import PeriodInput from '../../components/input/PeriodInput.vue'
import { Day } from '../../kernel/feel/time'
import type { Value } from '../../kernel/feel/value'
import { t } from '../../kernel/i18n'
import * as check from '../check'
import { defineField } from '../kind'

export default defineField({
  input: PeriodInput,
  text: (v) => {
    const span = v as { from?: string; to?: string }
    return `${span.from ?? t('word.open')} ${t('word.to')} ${span.to ?? t('word.open')}`
  },
  check: (v) => check.period(v),
  feel: (v) => {
    const span = v as { from?: string; to?: string }
    return new Map<string, Value>([['from', Day.parse(span.from ?? '')], ['to', Day.parse(span.to ?? '')]])
  },
})
