import { expect, test } from 'vitest'
import { nextPath } from './nextPath'

test.each([
  ['/tasks/1?tab=graph', '/tasks/1?tab=graph'],
  [undefined, '/dashboard'],
  [['/tasks'], '/dashboard'],
  ['https://example.com', '/dashboard'],
  ['//example.com', '/dashboard'],
  ['/\\example.com', '/dashboard'],
  ['javascript:alert(1)', '/dashboard'],
])('%s leads to %s', (next, path) => {
  expect(nextPath(next)).toBe(path)
})
