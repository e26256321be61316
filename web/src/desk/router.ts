import { ElMessage } from 'element-plus'
import { createRouter, createWebHistory } from 'vue-router'
import { t } from '../kernel/i18n'
import { loadSession, session } from '../kernel/session'

declare module 'vue-router' {
  interface RouteMeta { title?: string; open?: boolean }
}

/** The desk's addresses. Every filter and choice of a page is in its address, so that it can be sent to a colleague. */
export const router = createRouter({
  history: createWebHistory('/desk/'),
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? {} : { top: 0 }),
  routes: [
    { path: '/', redirect: '/tasks' },
    { path: '/sign-in', component: () => import('./SignInPage.vue'), meta: { title: 'page.signin', open: true } },
    { path: '/tasks', component: () => import('./TaskPage.vue'), meta: { title: 'page.tasks' } },
    { path: '/inbox', component: () => import('./InboxPage.vue'), meta: { title: 'page.inbox' } },
    { path: '/search', component: () => import('./SearchPage.vue'), meta: { title: 'page.search' } },
    { path: '/map', component: () => import('./MapPage.vue'), meta: { title: 'page.map' } },
    { path: '/indicators', component: () => import('./IndicatorPage.vue'), meta: { title: 'page.indicators' } },
    { path: '/processes', component: () => import('./ProcessPage.vue'), meta: { title: 'page.processes' } },
    { path: '/sessions', component: () => import('./SessionPage.vue'), meta: { title: 'page.sessions' } },
    { path: '/standins', component: () => import('./StandInPage.vue'), meta: { title: 'page.standins' } },
    { path: '/list/:type', component: () => import('./ListPage.vue'), props: true, meta: { title: 'page.list' } },
    { path: '/list/:type/new', component: () => import('./FormPage.vue'), props: true, meta: { title: 'page.new' } },
    { path: '/list/:type/:id', component: () => import('./DetailPage.vue'), props: true, meta: { title: 'page.detail' } },
    { path: '/list/:type/:id/edit', component: () => import('./FormPage.vue'), props: true, meta: { title: 'page.edit' } },
    { path: '/:rest(.*)*', component: () => import('./MissingPage.vue'), meta: { title: 'page.missing' } },
  ],
})

router.beforeEach(async (to) => {
  if (session.status === 'unknown' || session.status === 'failed') await loadSession()
  if (to.meta.open || session.status !== 'anonymous') return true
  return { path: '/sign-in', query: to.fullPath === '/tasks' ? {} : { to: to.fullPath } }
})

/** A page's own program could not be fetched: nothing would happen, so it has to be said. */
router.onError(() => { ElMessage.error({ message: t('problem.page'), duration: 8000, showClose: true }) })

/** The title of the window: what is shown, then the product. */
export function setTitle(words: string): void {
  document.title = t('app.title', { page: words })
}

router.afterEach((to) => {
  delete document.documentElement.dataset['ready']
  if (to.meta.title) setTitle(t(to.meta.title))
})
