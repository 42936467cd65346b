import { expect, test } from 'vitest'
import type { SubTask } from '../board'
import { criticalPath } from './criticalPath'

function work(id: string, depends_on: string[] = [], status: SubTask['status'] = 'pending'): SubTask {
  return { id, depends_on, status } as unknown as SubTask
}

test('the longest chain of open work is found', () => {
  expect(criticalPath([work('a'), work('b', ['a']), work('c', ['a']), work('d', ['c', 'b']), work('e', ['d']), work('f')])).toEqual([
    'a',
    'c',
    'd',
    'e',
  ])
})

test('what is done or cancelled holds nobody up', () => {
  const all = [work('a', [], 'done'), work('b', ['a']), work('c', ['b'], 'cancelled'), work('d', ['c'])]
  expect(criticalPath(all)).toEqual([])
})

test('a cycle ends', () => {
  expect(criticalPath([work('a', ['b']), work('b', ['a'])])).toHaveLength(2)
})

test('a chain of a thousand is no problem', () => {
  const all = Array.from({ length: 1000 }, (_, index) => work(String(index), index === 0 ? [] : [String(index - 1)]))
  expect(criticalPath(all)).toHaveLength(1000)
})
