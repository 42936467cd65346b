import { expect, test } from 'vitest'
import { ApiError, readProblem } from './problem'

test('a problem document gives its detail and code', async () => {
  const response = Response.json({ title: 'Conflict', detail: 'Somebody was faster.', code: 'lost' }, { status: 409 })
  expect(await readProblem(response)).toEqual({ status: 409, detail: 'Somebody was faster.', code: 'lost', fields: [] })
})

test('the title stands in for a detail that is missing', async () => {
  const response = Response.json({ title: 'Conflict' }, { status: 409 })
  expect(await readProblem(response)).toEqual({ status: 409, detail: 'Conflict', code: undefined, fields: [] })
})

test.each([
  ['HTML of a proxy', '<h1>Bad Gateway</h1>'],
  ['an array', '[1]'],
  ['a detail that is not text', '{"detail": [{"msg": "x"}]}'],
  ['nothing', ''],
])('%s leaves the status', async (_, body) => {
  expect(await readProblem(new Response(body, { status: 502 }))).toEqual({
    status: 502,
    detail: undefined,
    code: undefined,
    fields: [],
  })
})

test('only a refusal has a status', () => {
  const refused = new ApiError({ kind: 'refused', problem: { status: 403, detail: undefined, code: undefined, fields: [] } })
  expect(refused.status).toBe(403)
  expect(new ApiError({ kind: 'unreachable' }).status).toBeUndefined()
})
