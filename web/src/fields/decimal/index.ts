import NumberInput from '../../components/input/NumberInput.vue'
import { Decimal } from '../../kernel/feel/decimal'
import { formatDecimal } from '../../kernel/format'
import * as check from '../check'
import { defineField } from '../kind'

export default defineField({
  input: NumberInput,
  text: (v) => formatDecimal(v),
  check: (v, field) => check.number(v, field, false),
  feel: (v) => Decimal.parse(String(v)),
})
