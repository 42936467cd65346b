import { expect, test } from 'vitest'
import { relativeTime } from './relativeTime'

const now = Date.parse('2026-03-01T12:00:00Z')

test.each([
  ['2026-03-01T11:59:31Z', 'just now'],
  ['2026-03-01T11:59:00Z', '1 min. ago'],
  ['2026-03-01T09:01:00Z', '2 hr. ago'],
  ['2026-02-28T11:00:00Z', 'yesterday'],
  ['2026-02-09T12:00:00Z', '20 days ago'],
  ['2024-02-28T12:00:00Z', '2 yr. ago'],
  ['2026-03-01T12:20:30Z', 'in 20 min.'],
])('%s reads "%s"', (at, text) => {
  expect(relativeTime(Date.parse(at), now, 'en', 'just now')).toBe(text)
})
