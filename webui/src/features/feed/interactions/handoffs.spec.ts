import { expect, test } from 'vitest'
import type { Event, EventKind } from '../../../api/events'
import { handoffs, partiesOf } from './handoffs'

let seq = 0

function event(kind: EventKind, by: string, more: Partial<Event> = {}): Event {
  seq += 1
  const actor = { kind: 'admin' as const, id: by === 'admin' ? null : by }
  const at = new Date(Date.UTC(2026, 2, 1, 12, 0, seq)).toISOString()
  return { seq, id: String(seq), at, kind, actor, task_id: 't', sub_task_id: 's', agent_id: null, payload: {}, ...more }
}

function found(...events: Event[]): string[] {
  return handoffs(events).flatMap(({ from, to, counts }) => Object.entries(counts).map(([kind, count]) => `${from} ${kind} ${to} ${count}`))
}

test('a sub-task goes from the goal to its approval', () => {
  const all = [
    event('task_created', 'admin', { sub_task_id: null }),
    event('sub_task_created', 'pia'),
    event('sub_task_created', 'pia', { sub_task_id: 'u' }),
    event('sub_task_claimed', 'eli', { agent_id: 'eli' }),
    event('sub_task_submitted', 'eli', { agent_id: 'eli' }),
    event('sub_task_rejected', 'rui', { agent_id: 'eli' }),
    event('sub_task_submitted', 'eli', { agent_id: 'eli' }),
    event('sub_task_approved', 'rui', { agent_id: 'eli' }),
  ]
  expect(found(...all).sort()).toEqual([
    'admin goal pia 1',
    'eli handIn rui 2',
    'pia work eli 1',
    'rui approval eli 1',
    'rui rejection eli 1',
  ])
  expect(partiesOf(handoffs(all)).sort()).toEqual(['admin', 'eli', 'pia', 'rui'])
})

test('who planned it before the range is known from the task, else it came from the queue', () => {
  expect(found(event('sub_task_claimed', 'eli'))).toEqual(['queue work eli 1'])
  const planned = event('module_created', 'pia', { sub_task_id: null })
  expect(found(planned, event('sub_task_claimed', 'eli', { sub_task_id: 'old' }))).toEqual(['pia work eli 1'])
})

test('another executor takes it over, and may have to mend what was handed in', () => {
  const payload = { previous_owner: 'eli' }
  expect(found(event('sub_task_reassigned', 'pia', { agent_id: 'ann', payload }))).toEqual(['eli takeover ann 1'])
  expect(found(event('sub_task_reassigned', 'pia', { agent_id: 'ann' }))).toEqual(['pia work ann 1'])
  expect(found(event('sub_task_rejected', 'rui', { agent_id: 'ann', payload })).sort()).toEqual(['eli handIn rui 1', 'rui rejection ann 1'])
})

test('who unblocks helps who was stuck', () => {
  expect(found(event('sub_task_blocked', 'eli'), event('sub_task_requeued', 'admin'))).toEqual(['admin help eli 1'])
})

test('nobody hands anything to himself, and what concerns nobody is nothing', () => {
  const note = event('note_added', 'eli', { agent_id: 'eli' })
  expect(found(note, event('note_added', 'pia'), event('sub_task_started', 'eli', { agent_id: 'eli' }))).toEqual([])
})

test('the most comes first', () => {
  const work = (to: string) => event('sub_task_assigned', 'pia', { agent_id: to })
  expect(handoffs([work('a'), work('b'), work('b')]).map(({ to, total }) => [to, total])).toEqual([['b', 2], ['a', 1]])
})
