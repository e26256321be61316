import CodeInput from '../../components/input/CodeInput.vue'
import { defineField } from '../kind'

export default defineField({ input: CodeInput })
