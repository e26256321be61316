import JsonInput from '../../components/input/JsonInput.vue'
import JsonShow from '../../components/show/JsonShow.vue'
import { defineField } from '../kind'

export default defineField({ input: JsonInput, show: JsonShow, wide: true })
