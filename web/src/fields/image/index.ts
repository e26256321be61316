import FileInput from '../../components/input/FileInput.vue'
import FilesShow from '../../components/show/FilesShow.vue'
import { t } from '../../kernel/i18n'
import { defineField } from '../kind'

export default defineField({
  input: FileInput,
  show: FilesShow,
  wide: true,
  props: { picture: true },
  text: (v) => (Array.isArray(v) ? v : [v]).map((f) => String((f as { name?: string } | null)?.name ?? '')).join(t('word.comma')),
})
