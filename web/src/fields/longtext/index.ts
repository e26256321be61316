import LongInput from '../../components/input/LongInput.vue'
import LongShow from '../../components/show/LongShow.vue'
import { defineField } from '../kind'

export default defineField({ input: LongInput, show: LongShow, wide: true, props: { max: 5000 } })
