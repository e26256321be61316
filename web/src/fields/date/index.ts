import DateInput from '../../components/input/DateInput.vue'
import { Day } from '../../kernel/feel/time'
import { defineField } from '../kind'

export default defineField({ input: DateInput, feel: (v) => Day.parse(String(v)) })
