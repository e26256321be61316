import RowsInput from '../../components/input/RowsInput.vue'
import RowsShow from '../../components/show/RowsShow.vue'
import { t } from '../../kernel/i18n'
import { rowsFeel } from '../rows'
import { defineField } from '../kind'

export default defineField({
  input: RowsInput,
  show: RowsShow,
  wide: true,
  text: (v) => t('rows.count', { n: Array.isArray(v) ? v.length : 0 }),
  feel: rowsFeel,
})
