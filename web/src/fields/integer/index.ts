import NumberInput from '../../components/input/NumberInput.vue'
import { Decimal } from '../../kernel/feel/decimal'
import { formatNumber } from '../../kernel/format'
import * as check from '../check'
import { defineField } from '../kind'

export default defineField({
  input: NumberInput,
  props: { whole: true },
  text: (v) => formatNumber(v),
  check: (v, field) => check.number(v, field, true),
  feel: (v) => Decimal.parse(String(v)),
})
