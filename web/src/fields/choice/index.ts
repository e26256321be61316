import ChoiceInput from '../../components/input/ChoiceInput.vue'
import { defineField } from '../kind'

export default defineField({ input: ChoiceInput, text: (v, field) => field.choices?.find((c) => c.id === v)?.label ?? String(v) })
