import { flushPromises, mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { surroundings } from '../../testing/mount'
import { json, problem, serve } from '../../testing/server'
import type { SubTask } from './board'
import SubTaskNotes from './SubTaskNotes.vue'

const note = (id: string, text: string, author_id: string | null = null) => ({
  id,
  text,
  author_id,
  author_kind: author_id === null ? 'admin' : 'executor',
  sub_task_id: 's',
  created_at: '2026-03-01T12:00:00Z',
})

function shown(note_count: number) {
  const subTask = { id: 's', note_count } as SubTask
  return mount(SubTaskNotes, { props: { subTask, agentNames: new Map([['e', 'eli']]) }, global: surroundings() })
}

test('the newest are shown first, and older ones when they are wanted', async () => {
  serve({
    'GET /api/sub-tasks/s/notes?page=2&page_size=50': () => json({ items: [note('2', 'newest', 'e')] }),
    'GET /api/sub-tasks/s/notes?page=1&page_size=50': () => json({ items: [note('1', 'oldest')] }),
  })
  const notes = shown(60)
  await flushPromises()
  expect(notes.findAll('li').map((one) => one.text())).toHaveLength(1)
  expect(notes.get('li').text()).toContain('eli')
  await notes.get('button').trigger('click')
  await flushPromises()
  expect(notes.findAll('li')).toHaveLength(2)
  expect(notes.get('li').text()).toContain('Admin')
})

test('what the server refuses stays in the field', async () => {
  serve({
    'GET /api/sub-tasks/s/notes?page=1&page_size=50': () => json({ items: [] }),
    'POST /api/sub-tasks/s/notes': () => problem(422, 'It is too long.'),
  })
  const notes = shown(0)
  await notes.get('textarea').setValue('Look here')
  await notes.get('form').trigger('submit')
  await flushPromises()
  expect(notes.get('[role=alert]').text()).toContain('It is too long.')
  expect(notes.get('textarea').element.value).toBe('Look here')
})
