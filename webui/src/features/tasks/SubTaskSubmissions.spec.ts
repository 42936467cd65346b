import { flushPromises, mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { useConfirm } from '../../composables/useConfirm'
import { surroundings } from '../../testing/mount'
import { json, serve } from '../../testing/server'
import type { SubTask } from './board'
import SubTaskSubmissions from './SubTaskSubmissions.vue'

const submission = (id: string, late: boolean) => ({ id, late, agent_id: 'e', summary: id, artifacts: [], created_at: '2026-03-01T12:00:00Z' })

function shown(status: SubTask['status']) {
  const subTask = { id: 's', name: 'Compare', version: 1, status } as SubTask
  return mount(SubTaskSubmissions, { props: { subTask, agentNames: new Map([['e', 'eli']]) }, global: surroundings() })
}

const ROUTES = {
  'GET /api/sub-tasks/s/submissions?page_size=50': () => json({ items: [submission('early', false), submission('late', true)] }),
  'POST /api/sub-tasks/s/adopt': () => json({}),
}

test('late work is taken into review once somebody is sure', async () => {
  const requests = serve(ROUTES)
  const list = shown('in_progress')
  await flushPromises()
  expect(list.findAll('button')).toHaveLength(1)
  await list.get('button').trigger('click')
  expect(requests).toHaveLength(1)
  useConfirm().asked.value?.answer(true)
  await flushPromises()
  expect(requests[1]).toMatchObject({ route: 'POST /api/sub-tasks/s/adopt', body: { submission_id: 'late' } })
})

test('where it is not allowed there is no button', async () => {
  serve(ROUTES)
  const list = shown('done')
  await flushPromises()
  expect(list.text()).toContain('Late')
  expect(list.find('button').exists()).toBe(false)
})
