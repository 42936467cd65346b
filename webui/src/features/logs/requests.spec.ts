import { expect, test } from 'vitest'
import { json, serve } from '../../testing/server'
import { loadRequests, pageOf, type LoggedRequest } from './requests'

const call = (id: number) => ({ id: String(id), path: '/api/tasks' }) as LoggedRequest
const signal = new AbortController().signal

test('the newest of everybody are cut into pages here', () => {
  const all = Array.from({ length: 51 }, (_, index) => call(index))
  const last = pageOf(all, 3, 25)
  expect(last.items.map(({ id }) => id)).toEqual(['50'])
  expect(last.page).toEqual({ page: 3, page_size: 25, total: 51, total_pages: 3 })
  expect(pageOf([], 1, 25)).toEqual({ items: [], page: { page: 1, page_size: 25, total: 0, total_pages: 1 } })
})

test('those of one agent are searched by the server', async () => {
  const answer = { items: [call(1)], page: 2, page_size: 25, total: 26, total_pages: 2, has_more: false }
  const requests = serve({
    'GET /api/admin/agents/a/request-logs?page=2&page_size=25&method=POST&days=7': () => json(answer),
    'GET /api/feed/logs?limit=200': () => json([call(7)]),
  })
  const filter = { agent: 'a', method: 'POST', keyword: '', days: '7', page: 2, page_size: 25 }
  const found = await loadRequests(filter, signal)
  expect(found.items).toEqual([{ ...call(1), agent_id: 'a' }])
  expect(found.page.total).toBe(26)
  expect((await loadRequests({ ...filter, agent: '', page: 1 }, signal)).items).toEqual([call(7)])
  expect(requests).toHaveLength(2)
})
