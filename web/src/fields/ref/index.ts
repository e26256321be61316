import RefInput from '../../components/input/RefInput.vue'
import RefShow from '../../components/show/RefShow.vue'
import { defineField } from '../kind'

export default defineField({ input: RefInput, show: RefShow })
