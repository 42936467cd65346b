import { beforeEach, expect, test } from 'vitest'
import { ApiError } from '../api/problem'
import { json, problem, serve } from '../testing/server'
import { createSession, TOKEN_KEY } from './useSession'

beforeEach(() => sessionStorage.clear())

test('a sign-in survives a reload of the tab', async () => {
  serve({ 'POST /api/admin/login': () => json({ token: 'secret' }) })
  await createSession().signIn('right horse')
  expect(createSession().token.value).toBe('secret')
})

test('a refused sign-in changes nothing', async () => {
  serve({ 'POST /api/admin/login': () => problem(401, 'The password is not right.') })
  const session = createSession()
  await expect(session.signIn('wrong')).rejects.toBeInstanceOf(ApiError)
  expect(session.token.value).toBeUndefined()
})

test('signing out ends the session on the server too', async () => {
  sessionStorage.setItem(TOKEN_KEY, 'secret')
  const requests = serve({ 'POST /api/admin/logout': () => json({}) })
  const session = createSession()
  await session.signOut()
  expect(requests.map((request) => request.token)).toEqual(['secret'])
  expect([session.token.value, session.hasExpired.value]).toEqual([undefined, false])
})

test('signing out works while the server cannot be reached', async () => {
  sessionStorage.setItem(TOKEN_KEY, 'secret')
  serve({})
  const session = createSession()
  await session.signOut()
  expect(session.token.value).toBeUndefined()
  expect(sessionStorage.getItem(TOKEN_KEY)).toBeNull()
})

test('an expired session is forgotten, and said to be over until the next sign-in', async () => {
  sessionStorage.setItem(TOKEN_KEY, 'secret')
  const session = createSession()
  session.expire()
  expect([session.token.value, session.hasExpired.value]).toEqual([undefined, true])
  expect(sessionStorage.getItem(TOKEN_KEY)).toBeNull()
  serve({ 'POST /api/admin/login': () => json({ token: 'new' }) })
  await session.signIn('right horse')
  expect(session.hasExpired.value).toBe(false)
})
