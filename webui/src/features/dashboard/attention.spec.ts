import { expect, test } from 'vitest'
import { waitingLong } from './attention'

test('what waits longest comes first, and what just came not at all', () => {
  const now = Date.parse('2026-03-01T12:00:00Z')
  const items = [
    { id: 'fresh', updated_at: '2026-03-01T11:59:00Z' },
    { id: 'long', updated_at: '2026-03-01T11:00:00Z' },
    { id: 'longest', updated_at: '2026-02-01T11:00:00Z' },
  ]
  expect(waitingLong(items, now, 30 * 60_000).map(({ id }) => id)).toEqual(['longest', 'long'])
})
