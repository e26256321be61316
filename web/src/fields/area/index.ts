import AreaInput from '../../components/input/AreaInput.vue'
import { defineField } from '../kind'

export default defineField({ input: AreaInput })
