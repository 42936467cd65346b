import { expect, test } from 'vitest'
import { OVERVIEW } from '../../testing/server'
import { cardNotes } from './cards'

test('a card says nothing about what did not happen', () => {
  const quiet = {
    disabled_agent_count: 0,
    today_review_count: 0,
    today_rejected_review_count: 0,
    today_net_score_delta: 0,
  }
  expect(Object.keys(cardNotes(quiet))).toEqual(['today_completed_sub_task_count'])
  expect(Object.keys(cardNotes(OVERVIEW.secondary_cards)).sort()).toEqual([
    'active_agent_count',
    'review_queue_count',
    'today_completed_sub_task_count',
  ])
})
