import TextInput from '../../components/input/TextInput.vue'
import { defineField } from '../kind'

export default defineField({ input: TextInput, props: { max: 200 } })
