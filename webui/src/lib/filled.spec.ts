import { expect, test } from 'vitest'
import { filled } from './filled'

test('an empty filter is left out, a zero is not', () => {
  expect(filled({ keyword: '', role: 'planner', days: 0, agent_id: undefined })).toEqual({ role: 'planner', days: 0 })
})
