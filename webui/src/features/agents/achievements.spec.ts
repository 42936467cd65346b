import { expect, test } from 'vitest'
import { inOrder, type Standing } from './achievements'

function standing(kind: Standing['kind'], earned_at: string | null, progress: number, goal: number): Standing {
  return { kind, earned_at, progress, goal }
}

test('what was earned comes first, the newest before the others, then what is nearest', () => {
  const standings = [
    standing('first_approval', '2026-11-01T08:00:00.000000Z', 1, 1),
    standing('hundred_approvals', null, 12, 100),
    standing('top_marks', null, 9, 10),
    standing('ten_approvals', '2026-11-20T08:00:00.000000Z', 10, 10),
    standing('leader', null, 0, 1),
    standing('comeback', null, 0, 1),
  ]
  expect(inOrder(standings).map(({ kind }) => kind)).toEqual([
    'ten_approvals',
    'first_approval',
    'top_marks',
    'hundred_approvals',
    'leader',
    'comeback',
  ])
})
