import TextInput from '../../components/input/TextInput.vue'
import { defineField } from '../kind'

export default defineField({ input: TextInput, props: { kind: 'password', max: 1000 }, text: () => '••••••' })
