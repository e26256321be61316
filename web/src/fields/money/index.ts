import NumberInput from '../../components/input/NumberInput.vue'
import { Decimal } from '../../kernel/feel/decimal'
import { formatNumber } from '../../kernel/format'
import { t } from '../../kernel/i18n'
import * as check from '../check'
import { defineField } from '../kind'

export default defineField({
  input: NumberInput,
  props: { prefix: '\u00a5' },
  text: (v) => t('word.money', { n: formatNumber(v) }),
  check: (v, field) => check.number(v, { scale: 2, ...field }, false),
  feel: (v) => Decimal.parse(String(v)),
})
