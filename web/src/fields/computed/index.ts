import ReadonlyInput from '../../components/input/ReadonlyInput.vue'
import { asText } from '../rows'
import { defineField } from '../kind'

export default defineField({ input: ReadonlyInput, text: asText })
