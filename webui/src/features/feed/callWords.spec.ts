import { expect, test } from 'vitest'
import { callWord } from './callWords'

test.each([
  ['GET', '/api/sub-tasks/available', 'call.look'],
  ['POST', '/api/sub-tasks/claim-next', 'call.claim'],
  ['POST', '/api/sub-tasks/0190/claim', 'call.claim'],
  ['POST', '/api/sub-tasks/0190/submit', 'call.submit'],
  ['POST', '/api/sub-tasks/0190/notes', 'call.note'],
  ['POST', '/api/sub-tasks', 'call.plan'],
  ['PUT', '/api/sub-tasks/0190', 'call.plan'],
  ['POST', '/api/tasks/0190/plan', 'call.plan'],
  ['PUT', '/api/tasks/0190/status', 'call.task'],
  ['POST', '/api/patrol-records/0190/resolve', 'call.patrol'],
  ['POST', '/api/review-records', 'call.review'],
  ['POST', '/api/something-new', 'call.other'],
])('%s %s is %s', (method, path, word) => {
  expect(callWord({ method, path })).toBe(word)
})
