/** State of a generated list: everything chosen stands in the address; rows come page by page. */
import { ElMessage } from 'element-plus'
import { computed, onMounted, ref, shallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { Problem } from '../api/client'
import { list as fetchList, type ListQuery } from '../api/records'
import type { RecordType, Row } from '../api/types'
import { typeOf } from '../kernel/catalog'
import { shownColumns, type Column } from '../kernel/columns'
import { filterKind, fromQuery, systemKinds, toFeel, toQuery, type FilterKind, type Filters } from '../kernel/filter'
import { asProblem, useLoad } from '../kernel/load'
import { t } from '../kernel/i18n'
import { say } from '../kernel/problem'
import { readPref, writePref, type ListPrefs, type View } from '../kernel/prefs'

export interface ListState { filters: Filters; q: string; sort: string; where: string; view: string; bin: boolean }

export function useList(name: () => string) {
  const route = useRoute()
  const router = useRouter()
  const type = shallowRef<RecordType>()
  const typeProblem = shallowRef<Problem>()
  const prefs = ref<ListPrefs>(readPref<ListPrefs>('list.' + name(), {}))
  const text = (key: string) => (typeof route.query[key] === 'string' ? route.query[key] : '')

  const state = computed<ListState>(() => ({
    filters: fromQuery(route.query), q: text('q'), sort: text('sort'), where: text('where'), view: text('view'), bin: text('bin') === '1',
  }))
  const kinds = computed(() => {
    const out: Record<string, FilterKind> = { ...systemKinds }
    for (const f of type.value?.fields ?? []) out[f.name] = filterKind(f)
    return out
  })
  const filter = computed(() => toFeel(state.value.filters, kinds.value, state.value.where))
  const columns = computed<Column[]>(() => (type.value ? shownColumns(type.value, prefs.value.columns) : []))

  const query = (cursor = ''): ListQuery => ({
    filter: filter.value, q: state.value.q, sort: state.value.sort, limit: 50, cursor, total: cursor === '', deleted: state.value.bin,
  })
  const page = useLoad((signal) => fetchList(name(), query(), signal))
  const later = shallowRef<Row[]>([])
  const next = ref('')
  const loadingMore = ref(false)
  const starting = ref(true)

  async function reload(): Promise<void> {
    await page.run()
    later.value = []
    next.value = page.data.value?.next ?? ''
  }
  async function more(): Promise<void> {
    loadingMore.value = true
    try {
      const answer = await fetchList(name(), query(next.value))
      later.value = [...later.value, ...answer.items]
      next.value = answer.next ?? ''
    } catch (cause) {
      ElMessage.error(say(asProblem(cause)))
    } finally {
      loadingMore.value = false
    }
  }
  async function start(): Promise<void> {
    starting.value = true
    typeProblem.value = undefined
    try {
      type.value = await typeOf(name())
      await reload()
    } catch (cause) {
      typeProblem.value = asProblem(cause)
    } finally {
      starting.value = false
    }
  }

  function go(change: Partial<ListState>): void {
    const s = { ...state.value, ...change }
    const query: Record<string, string> = { ...toQuery(s.filters) }
    if (s.q) query['q'] = s.q
    if (s.sort) query['sort'] = s.sort
    if (s.where) query['where'] = s.where
    if (s.view) query['view'] = s.view
    if (s.bin) query['bin'] = '1'
    void router.push({ query })
  }
  function keep(change: ListPrefs): void {
    prefs.value = { ...prefs.value, ...change }
    void writePref('list.' + name(), prefs.value).catch((cause: unknown) => { ElMessage.warning(t('list.notkept') + say(asProblem(cause))) })
  }
  const views = computed<View[]>(() => prefs.value.views ?? [])
  function saveView(title: string): void {
    const query = Object.fromEntries(Object.entries(route.query).filter((e): e is [string, string] => typeof e[1] === 'string'))
    keep({ views: [...views.value.filter((v) => v.name !== title), { name: title, query }] })
  }

  onMounted(() => void start())
  watch(() => JSON.stringify([filter.value, state.value.q, state.value.sort, state.value.bin]), () => { if (type.value) void reload() })

  return {
    state, type, typeProblem, filter, columns, views, next, loadingMore, start, reload, more, go, saveView,
    rows: computed(() => [...(page.data.value?.items ?? []), ...later.value]),
    total: computed(() => page.data.value?.total),
    loaded: computed(() => page.data.value !== undefined),
    problem: page.problem,
    loading: computed(() => starting.value || page.loading.value),
    dense: computed(() => prefs.value.dense === true),
    setColumns: (keys: string[]) => keep({ columns: keys }),
    setDense: (dense: boolean) => keep({ dense }),
    dropView: (title: string) => keep({ views: views.value.filter((v) => v.name !== title) }),
    openView: (view: View) => void router.push({ query: view.query }),
  }
}
