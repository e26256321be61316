import TextInput from '../../components/input/TextInput.vue'
import UrlShow from '../../components/show/UrlShow.vue'
import * as check from '../check'
import { defineField } from '../kind'

export default defineField({ input: TextInput, show: UrlShow, props: { kind: 'url', mode: 'url', max: 2000 }, check: (v) => check.url(v) })
