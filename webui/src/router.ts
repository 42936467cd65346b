import { createRouter, createWebHistory, START_LOCATION, type RouteLocationNormalized, type RouteRecordRaw } from 'vue-router'
import type { MessageKey } from './i18n'
import { useServer } from './stores/server'
import { useSession } from './stores/session'
import { ApiError } from './api/problem'

declare module 'vue-router' {
  interface RouteMeta {
    /** The page's name: in the tab, in the header and in the navigation. */
    title: MessageKey
    /** Can be opened without a session; shown without navigation. */
    isPublic?: boolean
    /** Whether the server shows it without a session, too; then it has no navigation. */
    isOpen?: () => Promise<boolean>
  }
}

/** Each feature has a `routes.ts` with its pages; that is all it takes to add one. */
const features = import.meta.glob<{ routes: RouteRecordRaw[] }>('./features/*/routes.ts', { eager: true })

export const routes: RouteRecordRaw[] = [
  { path: '/', redirect: '/dashboard' },
  ...Object.values(features).flatMap((feature) => feature.routes),
  {
    path: '/:path(.*)*',
    name: 'not-found',
    component: () => import('./shell/NotFoundPage.vue'),
    meta: { title: 'notFound.title' },
  },
]

export function createDashboardRouter() {
  const router = createRouter({
    history: createWebHistory(),
    routes,
    // A page that was just loaded is at its top; scrolling there would lay it out once more.
    scrollBehavior: (to, from, saved) =>
      saved ?? (from === START_LOCATION || to.path === from.path ? false : { top: 0 }),
  })

  router.beforeEach(async (to) => {
    load(to)
    const server = useServer()
    const session = useSession()
    if (!(await isSetUp(server))) return to.name === 'setup' || { name: 'setup' }
    if (to.name === 'setup') return { name: 'dashboard' }
    if (to.meta.isPublic === true || session.token !== undefined) return true
    if (await isOpen(to)) return true
    return { name: 'login', query: to.path === '/dashboard' ? {} : { next: to.fullPath } }
  })

  return router
}

/** Asks for a page's code while the server is asked whether the page may be shown. */
function load(to: RouteLocationNormalized): void {
  for (const { components } of to.matched) {
    const page = components?.['default']
    // The router asks again, gets what comes here, and tells of a failure.
    if (typeof page === 'function') void (page as () => Promise<unknown>)().catch(() => undefined)
  }
}

/** A server that cannot be asked is taken as set up: each page says itself that it cannot be reached. */
async function isSetUp(server: ReturnType<typeof useServer>): Promise<boolean> {
  try {
    return await server.checkSetup()
  } catch (cause) {
    if (!(cause instanceof ApiError)) throw cause
    return true
  }
}

/** Of a server that cannot be asked, nothing is open. */
async function isOpen(to: RouteLocationNormalized): Promise<boolean> {
  try {
    return (await to.meta.isOpen?.()) ?? false
  } catch (cause) {
    if (!(cause instanceof ApiError)) throw cause
    return false
  }
}
