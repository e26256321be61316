import RichInput from '../../components/input/RichInput.vue'
import RichShow from '../../components/show/RichShow.vue'
import { plainText } from '../../components/show/rich'
import { defineField } from '../kind'

export default defineField({ input: RichInput, show: RichShow, wide: true, text: (v) => plainText(String(v)) })
