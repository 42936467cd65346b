import { beforeEach, expect, test, vi } from 'vitest'
import { HEALTH, json, problem, serve } from '../testing/server'
import { api, read, useCredentials } from './client'
import { ApiError } from './problem'

let token: string | undefined
const renew = vi.fn<(ended: string) => Promise<string>>()

beforeEach(() => {
  token = 'secret'
  renew.mockReset()
  useCredentials({ token: () => token, renew })
})

test('an answer comes back as it is', async () => {
  serve({ 'GET /api/health': () => json(HEALTH) })
  expect(await read(api.GET('/api/health'))).toEqual(HEALTH)
})

test('the token goes in its header, parameters in the address and a body in the body', async () => {
  const requests = serve({
    'GET /api/events?after=7': () => json({}),
    'POST /api/admin/login': () => json({}),
  })
  await read(api.GET('/api/events', { params: { query: { after: 7 } } }))
  token = undefined
  await read(api.POST('/api/admin/login', { body: { password: 'right horse' } }))
  expect(requests).toEqual([
    { route: 'GET /api/events?after=7', body: undefined, token: 'secret' },
    { route: 'POST /api/admin/login', body: { password: 'right horse' }, token: null },
  ])
})

test('a refusal tells what the server says', async () => {
  serve({ 'GET /api/admin/dashboard/overview': () => problem(429, 'Too much.') })
  expect(await failureOf(read(api.GET('/api/admin/dashboard/overview')))).toEqual({
    kind: 'refused',
    problem: { status: 429, detail: 'Too much.', code: 'test', fields: [] },
  })
})

test('no answer is told apart from a wrong one', async () => {
  serve({})
  expect(await failureOf(read(api.GET('/api/health')))).toEqual({ kind: 'unreachable' })
  serve({ 'GET /api/health': () => new Response('<html></html>') })
  expect(await failureOf(read(api.GET('/api/health')))).toEqual({ kind: 'unreadable' })
})

test('a call that its caller gave up is no failure of the server', async () => {
  const controller = new AbortController()
  vi.stubGlobal('fetch', (_: Request, init: RequestInit) => {
    return new Promise((_resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(new DOMException('given up', 'AbortError')))
    })
  })
  const call = api.GET('/api/health', { signal: controller.signal })
  await Promise.resolve()
  controller.abort()
  await expect(call).rejects.not.toBeInstanceOf(ApiError)
})

test('when the session is over, a call is made again, whole, with the token of the new one', async () => {
  const requests = serve({
    'POST /api/admin/agents': ({ token: sent }) =>
      sent === 'fresh' ? json({ id: '1' }) : problem(403, 'Over.', 'admin.no_session'),
  })
  renew.mockResolvedValueOnce('fresh')
  const body = { name: 'pia', role: 'planner' } as const
  expect(await read(api.POST('/api/admin/agents', { body }))).toEqual({ id: '1' })
  expect(renew).toHaveBeenCalledWith('secret')
  expect(requests.map((request) => [request.token, request.body])).toEqual([
    ['secret', body],
    ['fresh', body],
  ])
})

test('a wrong password is no session that is over', async () => {
  serve({ 'POST /api/admin/login': () => problem(403, 'Wrong.', 'forbidden') })
  const failed = await failureOf(read(api.POST('/api/admin/login', { body: { password: 'x' } })))
  expect(failed).toMatchObject({ kind: 'refused', problem: { detail: 'Wrong.' } })
  expect(renew).not.toHaveBeenCalled()
})

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  const error: unknown = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(ApiError)
  return error instanceof ApiError ? error.failure : undefined
}
