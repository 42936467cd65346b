import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { createDashboardRouter } from './router'
import { json, serve, type Routes } from './testing/server'
import { TOKEN_KEY } from './stores/session'

const SET_UP: Routes = { 'GET /api/setup/status': () => json({ initialized: true, has_external_url: false }) }

// A page is compiled when it is opened for the first time.
vi.setConfig({ testTimeout: 30_000 })

beforeEach(() => {
  localStorage.clear()
  setActivePinia(createPinia())
})

async function open(path: string): Promise<string> {
  const router = createDashboardRouter()
  await router.push(path)
  return router.currentRoute.value.fullPath
}

test.each([
  { enabled: true, path: '/feed?agent=a' },
  { enabled: false, path: '/login?next=/feed?agent=a' },
])('the feed without a session, when it is public: $enabled', async ({ enabled, path }) => {
  serve({ ...SET_UP, 'GET /api/feed/status': () => json({ enabled }) })
  expect(await open('/feed?agent=a')).toBe(path)
})

test('a server that does not say whether the feed is public does not open it', async () => {
  serve(SET_UP)
  expect(await open('/feed')).toBe('/login?next=/feed')
})

test('who is signed in is not asked about', async () => {
  localStorage.setItem(TOKEN_KEY, 'token')
  const requests = serve(SET_UP)
  expect(await open('/feed')).toBe('/feed')
  expect(requests.map(({ route }) => route)).toEqual(['GET /api/setup/status'])
})
