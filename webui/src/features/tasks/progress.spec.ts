import { expect, test } from 'vitest'
import { donePercent } from './progress'

test.each([
  [{ sub_task_count: 0, done_count: 0, cancelled_count: 0 }, 0],
  [{ sub_task_count: 3, done_count: 0, cancelled_count: 3 }, 0],
  [{ sub_task_count: 5, done_count: 1, cancelled_count: 1 }, 25],
  [{ sub_task_count: 4, done_count: 4, cancelled_count: 0 }, 100],
])('%o is %i %', (counts, percent) => {
  expect(donePercent(counts)).toBe(percent)
})
