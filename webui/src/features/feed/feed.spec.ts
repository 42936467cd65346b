import { expect, test } from 'vitest'
import type { Event, EventKind } from '../../api/events'
import { groupOf, isShown } from './eventGroups'
import { newestFirst } from './newestFirst'

function event(seq: number, kind: EventKind = 'sub_task_claimed', actor: string | null = null, agent_id: string | null = null): Event {
  const at = '2026-03-01T12:00:00Z'
  return { seq, id: String(seq), at, kind, actor: { kind: 'executor', id: actor }, agent_id, task_id: null, sub_task_id: null, payload: {} }
}

test('what came both live and in the answer is there once, in order', () => {
  expect(newestFirst([event(3), event(1), event(3), event(4)]).map(({ seq }) => seq)).toEqual([4, 3, 1])
})

test('an agent sees what it did and what was done to it', () => {
  const all = { agent: '', group: '' }
  expect(isShown(event(1), all)).toBe(true)
  expect(isShown(event(1, 'sub_task_claimed', 'a'), { ...all, agent: 'a' })).toBe(true)
  expect(isShown(event(1, 'sub_task_approved', 'r', 'a'), { ...all, agent: 'a' })).toBe(true)
  expect(isShown(event(1, 'sub_task_approved', 'r', 'b'), { ...all, agent: 'a' })).toBe(false)
  expect(isShown(event(1, 'sub_task_approved', 'r', 'a'), { agent: 'a', group: 'work' })).toBe(false)
})

test('a kind that is not known yet has a group', () => {
  expect(groupOf('sub_task_blocked')).toBe('trouble')
  expect(groupOf('something_new' as EventKind)).toBe('other')
})
