import { flushPromises } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { json, problem, serve } from '../testing/server'
import { useSubTaskNames } from './subTaskNames'

const NEWEST = 'GET /api/admin/sub-tasks?sort_by=updated_at&sort_order=desc&page_size=100'
const one = (id: string) => ({ id, name: `Name of ${id}`, task_id: 't' })

beforeEach(() => {
  setActivePinia(createPinia())
  vi.useFakeTimers()
  return () => vi.useRealTimers()
})

async function settle(): Promise<void> {
  await vi.runAllTimersAsync()
  await flushPromises()
}

test('few are asked for one by one, and each only once', async () => {
  const requests = serve({ 'GET /api/sub-tasks/a': () => json(one('a')) })
  const { want } = useSubTaskNames()
  want('a')
  want('a')
  await settle()
  want('a')
  await settle()
  expect(useSubTaskNames().names.get('a')).toEqual({ name: 'Name of a', taskId: 't' })
  expect(requests).toHaveLength(1)
})

test('of many the newest are asked for together, and only the others one by one', async () => {
  const requests = serve({
    [NEWEST]: () => json({ items: [one('a'), one('b'), one('c')] }),
    'GET /api/sub-tasks/old': () => json(one('old')),
    'GET /api/sub-tasks/gone': () => problem(404, 'It is not there.'),
  })
  const { want } = useSubTaskNames()
  for (const id of ['a', 'b', 'c', 'gone', 'old']) want(id)
  await settle()
  expect([...useSubTaskNames().names.keys()]).toEqual(['a', 'b', 'c', 'old'])
  expect(requests.map(({ route }) => route)).toEqual([NEWEST, 'GET /api/sub-tasks/gone', 'GET /api/sub-tasks/old'])
})
