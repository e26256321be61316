import PersonInput from '../../components/input/PersonInput.vue'
import { defineField } from '../kind'

export default defineField({ input: PersonInput })
