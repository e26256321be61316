import OrgInput from '../../components/input/OrgInput.vue'
import { defineField } from '../kind'

export default defineField({ input: OrgInput })
