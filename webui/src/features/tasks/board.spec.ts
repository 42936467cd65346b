import { expect, test } from 'vitest'
import { actionTo, adminActions, columnsOf, type Action, type SubTask } from './board'

function work(id: string, more: Partial<SubTask> = {}): SubTask {
  return { id, status: 'pending', priority: 'medium', created_at: '2026-03-01T00:00:00Z', allowed_actions: [], ...more } as SubTask
}

test('a column has what is urgent first, then what is oldest', () => {
  const columns = columnsOf([
    work('3', { priority: 'low' }),
    work('2'),
    work('1'),
    work('0', { created_at: '2026-02-01T00:00:00Z' }),
    work('4', { priority: 'high' }),
    work('5', { status: 'done' }),
  ])
  const ids = Object.fromEntries(columns.map(({ status, subTasks }) => [status, subTasks.map(({ id }) => id).join('')]))
  expect(ids).toMatchObject({ pending: '40123', done: '5', blocked: '' })
})

test.each<[SubTask['status'], Action[], SubTask['status'], Action | undefined]>([
  ['blocked', ['requeue', 'reassign', 'cancel'], 'pending', 'requeue'],
  ['done', ['reopen'], 'pending', 'reopen'],
  ['assigned', ['release', 'reassign'], 'pending', 'release'],
  ['review', ['approve', 'reject', 'cancel'], 'done', 'approve'],
  ['review', ['approve', 'reject', 'cancel'], 'rework', 'reject'],
  ['review', ['approve', 'reject', 'cancel'], 'in_progress', undefined],
  ['pending', ['assign', 'reassign'], 'done', undefined],
  ['pending', ['assign', 'reassign'], 'pending', undefined],
])('from %s with %o to %s is %s', (status, allowed_actions, to, action) => {
  expect(actionTo(work('1', { status, allowed_actions }), to)).toBe(action)
})

test('an admin is offered what the server allows, and nothing that only an agent does', () => {
  expect(adminActions(work('1', { allowed_actions: ['claim', 'cancel', 'approve', 'heartbeat'] }))).toEqual(['approve', 'cancel'])
})
