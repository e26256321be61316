import DateInput from '../../components/input/DateInput.vue'
import { Instant } from '../../kernel/feel/time'
import { formatInstant } from '../../kernel/format'
import { defineField } from '../kind'

export default defineField({ input: DateInput, props: { time: true }, text: (v) => formatInstant(v), feel: (v) => Instant.parse(String(v)) })
