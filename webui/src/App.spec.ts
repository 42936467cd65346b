import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import App from './App.vue'
import { TOKEN_KEY } from './composables/useSession'
import { surroundings } from './testing/mount'
import { HEALTH, json, OVERVIEW, problem, serve, SETUP, type Routes } from './testing/server'

const healthy: Routes = {
  'GET /api/health': () => json(HEALTH),
  'GET /api/setup/status': () => json(SETUP),
}

beforeEach(() => {
  sessionStorage.clear()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})

afterEach(() => vi.useRealTimers())

test('shows whose server it is, that it is up, and where its documentation is', async () => {
  serve(healthy)
  const page = await open()
  expect(page.get('h1').text()).toBe('Harbour News Desk')
  expect(document.title).toBe('Harbour News Desk')
  expect(page.get('[role=status]').text()).toBe('Online')
  expect(page.findAll('main a').map((link) => link.attributes('href'))).toEqual(['/docs', '/openapi.json'])
  expect(page.find('#setup-title').exists()).toBe(false)
})

test('says so when the server goes away, and when it is back', async () => {
  const routes = { ...healthy }
  serve(routes)
  const page = await open()
  delete routes['GET /api/health']
  await wait(15_000)
  expect(page.get('[role=status]').text()).toBe('Cannot be reached')
  expect(page.get('h1').text()).toBe('Harbour News Desk')
  routes['GET /api/health'] = () => json(HEALTH)
  await button(page, 'Check again').trigger('click')
  await flushPromises()
  expect(page.get('[role=status]').text()).toBe('Online')
})

test('tells how to set the server up until that is done', async () => {
  const routes = { ...healthy, 'GET /api/setup/status': () => json({ ...SETUP, initialized: false }) }
  serve(routes)
  const page = await open()
  expect(page.get('pre').text()).toContain('/api/setup/initialize')
  routes['GET /api/setup/status'] = () => json(SETUP)
  await wait(15_000)
  expect(page.find('pre').exists()).toBe(false)
})

test('signs in, shows the counts, refreshes them, and signs out', async () => {
  let overview = OVERVIEW
  const requests = serve({
    ...healthy,
    'POST /api/admin/login': () => json({ token: 'secret' }),
    'POST /api/admin/logout': () => json({}),
    'GET /api/admin/dashboard/overview': () => json(overview),
  })
  const page = await open()
  await signIn(page)
  expect(page.find('input[type=password]').exists()).toBe(false)
  expect(document.activeElement?.id).toBe('main')
  expect(cardOf(page, 'Done today')).toBe('1,254Score +85')
  expect(cardOf(page, 'To review')).toBe('531 today, 4 rejected')

  overview = { ...OVERVIEW, core_cards: { ...OVERVIEW.core_cards, review_queue_count: 6 } }
  await wait(5_000)
  expect(cardOf(page, 'To review')).toBe('631 today, 4 rejected')

  await button(page, 'Sign out').trigger('click')
  await flushPromises()
  expect(page.find('input[type=password]').exists()).toBe(true)
  expect(document.activeElement?.id).toBe('main')
  expect(requests.at(-1)).toEqual({ route: 'POST /api/admin/logout', body: undefined, token: 'secret' })
})

test('a wrong password is told, and the field is ready for another', async () => {
  serve({ ...healthy, 'POST /api/admin/login': () => problem(401, 'The password is not right.') })
  const page = await open()
  await signIn(page)
  expect(page.get('[role=alert]').text()).toBe('The password is not right.')
})

test('an empty password is not sent', async () => {
  const requests = serve(healthy)
  const page = await open()
  await page.get('form').trigger('submit')
  const input = page.get('input[type=password]')
  expect(input.attributes('aria-invalid')).toBe('true')
  expect(page.get(`#${input.attributes('aria-describedby')}`).text()).toBe('Enter the password.')
  expect(requests.some((request) => request.route.startsWith('POST'))).toBe(false)
})

test('a 403 ends the session', async () => {
  sessionStorage.setItem(TOKEN_KEY, 'old')
  serve({ ...healthy, 'GET /api/admin/dashboard/overview': () => problem(403, 'The session is over.') })
  const page = await open()
  expect(page.get('[role=alert]').text()).toBe('Your session is over. Sign in again to go on.')
  expect(document.activeElement?.id).toBe('password')
  expect(sessionStorage.getItem(TOKEN_KEY)).toBeNull()
})

test('another refusal keeps the session and the numbers, says why, and can be tried again', async () => {
  sessionStorage.setItem(TOKEN_KEY, 'secret')
  const routes = { ...healthy, 'GET /api/admin/dashboard/overview': () => json(OVERVIEW) }
  serve(routes)
  const page = await open()
  routes['GET /api/admin/dashboard/overview'] = () => problem(503, 'Too much to do.')
  await wait(5_000)
  expect(page.get('[role=alert]').text()).toContain('Too much to do.')
  expect(cardOf(page, 'Blocked')).toBe('2')
  routes['GET /api/admin/dashboard/overview'] = () => json(OVERVIEW)
  await button(page, 'Try again').trigger('click')
  await flushPromises()
  expect(page.find('[role=alert]').exists()).toBe(false)
})

test('speaks another language as soon as it is chosen', async () => {
  serve(healthy)
  const page = await open()
  await page.get('select').setValue('zh-CN')
  expect(page.get('[role=status]').text()).toBe('在线')
})

type Page = Awaited<ReturnType<typeof open>>

async function open() {
  const page = mount(App, { attachTo: document.body, global: surroundings() })
  await flushPromises()
  return page
}

async function signIn(page: Page): Promise<void> {
  await page.get('input[type=password]').setValue('right horse')
  await page.get('form').trigger('submit')
  await flushPromises()
}

async function wait(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
  await flushPromises()
}

function button(page: Page, name: string) {
  const found = page.findAll('button').find((one) => one.text() === name)
  if (found === undefined) throw new Error(`there is no button "${name}"`)
  return found
}

function cardOf(page: Page, label: string): string | undefined {
  const term = page.findAll('dt').find((one) => one.text() === label)
  return term?.element.nextElementSibling?.textContent?.trim()
}
