import TextInput from '../../components/input/TextInput.vue'
import * as check from '../check'
import { defineField } from '../kind'

export default defineField({ input: TextInput, props: { max: 18, upper: true }, check: (v) => check.uscc(v) })
