import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test } from 'vitest'
import { api, read } from '../api/client'
import { ApiError } from '../api/problem'
import { json, problem, serve } from '../testing/server'
import { TOKEN_KEY, useSession } from './session'

beforeEach(() => {
  localStorage.clear()
  sessionStorage.clear()
  setActivePinia(createPinia())
})

test('a session that is kept outlives the tab, another one does not', async () => {
  serve({ 'POST /api/admin/login': () => json({ token: 'secret' }) })
  await useSession().signIn('right horse', true)
  expect([localStorage.getItem(TOKEN_KEY), sessionStorage.getItem(TOKEN_KEY)]).toEqual(['secret', null])
  await useSession().signIn('right horse', false)
  expect([localStorage.getItem(TOKEN_KEY), sessionStorage.getItem(TOKEN_KEY)]).toEqual([null, 'secret'])
  setActivePinia(createPinia())
  expect(useSession().token).toBe('secret')
})

test('signing out forgets the token, also when the server cannot be reached', async () => {
  sessionStorage.setItem(TOKEN_KEY, 'secret')
  const requests = serve({})
  await useSession().signOut()
  expect(requests).toMatchObject([{ route: 'POST /api/admin/logout', token: 'secret' }])
  expect([useSession().token, sessionStorage.getItem(TOKEN_KEY)]).toEqual([undefined, null])
})

test('calls that come when the session is over wait for the next one', async () => {
  sessionStorage.setItem(TOKEN_KEY, 'old')
  serve({
    'POST /api/admin/login': () => json({ token: 'new' }),
    'GET /api/ready': ({ token }) => (token === 'new' ? json({ ok: true }) : problem(403, 'Over.', 'admin.no_session')),
  })
  const session = useSession()
  const calls = [read(api.GET('/api/ready')), read(api.GET('/api/ready'))]
  await until(() => session.isOver)
  await session.signIn('right horse', false)
  expect(await Promise.all(calls)).toEqual([{ ok: true }, { ok: true }])
  expect(session.isOver).toBe(false)
})

test('who signs out instead gives up the calls that wait', async () => {
  sessionStorage.setItem(TOKEN_KEY, 'old')
  serve({ 'GET /api/ready': () => problem(403, 'Over.', 'admin.no_session') })
  const session = useSession()
  const call = read(api.GET('/api/ready')).catch((cause: unknown) => cause)
  await until(() => session.isOver)
  await session.signOut()
  expect(await call).toEqual(new ApiError({ kind: 'signed_out' }))
})

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; !isTrue(); tries += 1) {
    if (tries > 100) throw new Error('it never became true')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
