import ShapeInput from '../../components/input/ShapeInput.vue'
import ShapeShow from '../../components/show/ShapeShow.vue'
import { t } from '../../kernel/i18n'
import { defineField } from '../kind'

export default defineField({ input: ShapeInput, show: ShapeShow, wide: true, props: { area: true }, text: () => t('shape.area') })
