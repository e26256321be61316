import RefInput from '../../components/input/RefInput.vue'
import RefShow from '../../components/show/RefShow.vue'
import { t } from '../../kernel/i18n'
import { defineField } from '../kind'

export default defineField({ input: RefInput, show: RefShow, props: { multiple: true }, text: (v) => (Array.isArray(v) ? v.map(String).join(t('word.comma')) : String(v)) })
