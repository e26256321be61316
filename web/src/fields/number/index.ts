import ReadonlyInput from '../../components/input/ReadonlyInput.vue'
import { defineField } from '../kind'

export default defineField({ input: ReadonlyInput, props: { words: 'form.numbered' } })
