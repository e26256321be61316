import TextInput from '../../components/input/TextInput.vue'
import * as check from '../check'
import { defineField } from '../kind'

export default defineField({ input: TextInput, props: { kind: 'email', mode: 'email', max: 254 }, check: (v) => check.email(v) })
