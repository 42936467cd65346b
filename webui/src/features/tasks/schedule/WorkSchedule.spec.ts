import { flushPromises, mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { surroundings } from '../../../testing/mount'
import { json, problem, serve } from '../../../testing/server'
import WorkSchedule from './WorkSchedule.vue'

const SUB_TASK = '/api/sub-tasks/s'
const SERIES = {
  cron: '0 9 * * 1-5',
  timezone: 'UTC',
  paused: false,
  round_count: 2,
  next_times: ['2026-03-02T09:00:00Z', '2026-03-03T09:00:00Z'],
  queued_since: null,
}
const ROUNDS = `GET ${SUB_TASK}/rounds?page=1&page_size=10`

async function shown() {
  const schedule = mount(WorkSchedule, { props: { work: { kind: 'sub_task', id: 's' } }, global: surroundings() })
  await flushPromises()
  return schedule
}

test('a sub-task shows its schedule and its other rounds, and is paused', async () => {
  let paused = false
  serve({
    [`GET ${SUB_TASK}/recurrence`]: () => json({ ...SERIES, paused, ...(paused ? { next_times: [] } : {}) }),
    [ROUNDS]: () => json({ items: [{ id: 's', status: 'pending', round: 2 }, { id: 'r', task_id: 't', status: 'done', round: 1 }] }),
    [`POST ${SUB_TASK}/recurrence/pause`]: () => {
      paused = true
      return json(SERIES)
    },
  })
  const schedule = await shown()
  expect(schedule.text()).toContain('Every working day at 9:00')
  expect(schedule.findAll('li').map((one) => one.text())).toEqual(['Round 1Done'])
  await schedule.get('button').trigger('click')
  await flushPromises()
  expect(schedule.text()).toContain('Paused')
  expect(schedule.findAll('button').map((one) => one.text())).toContain('Resume')
})

test('recurring work without a schedule can be given one', async () => {
  serve({ [`GET ${SUB_TASK}/recurrence`]: () => problem(404, 'There is no such series.'), [ROUNDS]: () => json({ items: [] }) })
  const schedule = await shown()
  expect(schedule.text()).toContain('nothing happens by itself')
  expect(schedule.findAll('button').map((one) => one.text())).toEqual(['Set a schedule'])
})
