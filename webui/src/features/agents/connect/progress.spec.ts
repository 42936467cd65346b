import { expect, test } from 'vitest'
import { progressOf, type Progress } from './progress'

const USED = '2026-03-01T12:00:05Z'

test.each<{ status: 'open' | 'used' | 'expired'; used_at: string | null; lastCallAt: string | null; progress: Progress }>([
  { status: 'open', used_at: null, lastCallAt: null, progress: 'waiting' },
  { status: 'open', used_at: null, lastCallAt: '2026-03-01T11:00:00Z', progress: 'waiting' },
  { status: 'expired', used_at: null, lastCallAt: null, progress: 'expired' },
  { status: 'used', used_at: USED, lastCallAt: null, progress: 'fetched' },
  { status: 'used', used_at: USED, lastCallAt: '2026-03-01T12:00:04Z', progress: 'fetched' },
  { status: 'used', used_at: USED, lastCallAt: '2026-03-01T12:00:05.400Z', progress: 'connected' },
])('a command that is $status, with a last call at $lastCallAt, is $progress', ({ status, used_at, lastCallAt, progress }) => {
  expect(progressOf({ status, used_at }, lastCallAt)).toBe(progress)
})
