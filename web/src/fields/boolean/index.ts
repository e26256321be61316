import BooleanInput from '../../components/input/BooleanInput.vue'
import { t } from '../../kernel/i18n'
import { defineField } from '../kind'

export default defineField({ input: BooleanInput, text: (v) => t(v === true ? 'word.yes' : 'word.no') })
