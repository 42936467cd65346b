import type { Schemas } from '../../api/client'
import type { MessageKey } from '../../i18n'
import type { Tone } from '../../vocabulary'

type CoreCards = Schemas['CoreCards']
type SecondaryCards = Omit<Schemas['SecondaryCards'], 'today_reject_rate'>

export interface CardPresentation {
  label: MessageKey
  tone: Tone
}

/** The cards in the order on the screen. */
export const CORE_CARD: Record<keyof CoreCards, CardPresentation> = {
  open_task_count: { label: 'dashboard.card.open_task_count', tone: 'ready' },
  active_sub_task_count: { label: 'dashboard.card.active_sub_task_count', tone: 'working' },
  review_queue_count: { label: 'dashboard.card.review_queue_count', tone: 'checking' },
  blocked_sub_task_count: { label: 'dashboard.card.blocked_sub_task_count', tone: 'danger' },
  active_agent_count: { label: 'dashboard.card.active_agent_count', tone: 'good' },
  today_completed_sub_task_count: { label: 'dashboard.card.today_completed_sub_task_count', tone: 'good' },
}

export interface CardNote {
  message: MessageKey
  values: Record<string, number>
  /** Shown as a difference, with its sign. */
  isDelta?: boolean
}

/** What the secondary numbers add to a card; nothing where there is nothing to add. */
export function cardNotes(cards: SecondaryCards): Partial<Record<keyof CoreCards, CardNote>> {
  const notes: Partial<Record<keyof CoreCards, CardNote>> = {
    today_completed_sub_task_count: {
      message: 'dashboard.card.scoreToday',
      values: { delta: cards.today_net_score_delta },
      isDelta: true,
    },
  }
  if (cards.today_review_count > 0) {
    notes.review_queue_count = {
      message: 'dashboard.card.reviewedToday',
      values: { count: cards.today_review_count, rejected: cards.today_rejected_review_count },
    }
  }
  if (cards.disabled_agent_count > 0) {
    notes.active_agent_count = { message: 'dashboard.card.disabledAgents', values: { count: cards.disabled_agent_count } }
  }
  return notes
}
