import { expect, test, vi } from 'vitest'
import { HEALTH, json, problem, serve } from '../testing/server'
import { fetchHealth, fetchOverview, login, logout } from './client'
import { ApiError } from './problem'

const never = new AbortController().signal

test('an answer comes back as it is', async () => {
  serve({ 'GET /api/health': () => json(HEALTH) })
  expect(await fetchHealth(never)).toEqual(HEALTH)
})

test('the password goes in the body, the token in its header', async () => {
  const requests = serve({
    'POST /api/admin/login': () => json({ token: 'secret' }),
    'POST /api/admin/logout': () => json({}),
  })
  const { token } = await login('right horse')
  await logout(token)
  expect(requests).toEqual([
    { route: 'POST /api/admin/login', body: { password: 'right horse' }, token: null },
    { route: 'POST /api/admin/logout', body: undefined, token: 'secret' },
  ])
})

test('a refusal tells what the server says', async () => {
  serve({ 'GET /api/admin/dashboard/overview': () => problem(403, 'The session is over.') })
  const failed = await failureOf(fetchOverview('old', never))
  expect(failed).toEqual({
    kind: 'refused',
    problem: { status: 403, detail: 'The session is over.', code: 'test' },
  })
})

test('no answer is told apart from a wrong one', async () => {
  serve({})
  expect(await failureOf(fetchHealth(never))).toEqual({ kind: 'unreachable' })
  serve({ 'GET /api/health': () => new Response('<html></html>') })
  expect(await failureOf(fetchHealth(never))).toEqual({ kind: 'unreadable' })
})

test('a call that its caller gave up is no failure of the server', async () => {
  const controller = new AbortController()
  vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
    return new Promise((_resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(new DOMException('given up', 'AbortError')))
    })
  })
  const call = fetchHealth(controller.signal)
  controller.abort()
  await expect(call).rejects.not.toBeInstanceOf(ApiError)
})

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  const error: unknown = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(ApiError)
  return error instanceof ApiError ? error.failure : undefined
}
