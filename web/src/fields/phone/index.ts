import TextInput from '../../components/input/TextInput.vue'
import * as check from '../check'
import { defineField } from '../kind'

export default defineField({ input: TextInput, props: { kind: 'tel', mode: 'tel', max: 20 }, check: (v) => check.phone(v) })
