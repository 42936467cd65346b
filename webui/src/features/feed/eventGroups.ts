import type { Event, EventKind } from '../../api/events'
import type { MessageKey } from '../../i18n'
import { keysOf } from '../../lib/keys'

export type EventGroup = 'work' | 'reviews' | 'trouble' | 'plan' | 'other'

export const EVENT_GROUP: Record<EventGroup, MessageKey> = {
  work: 'feed.groups.work',
  reviews: 'feed.groups.reviews',
  trouble: 'feed.groups.trouble',
  plan: 'feed.groups.plan',
  other: 'feed.groups.other',
}

/** What is in none of these is in `other`: a newer server may know of more. */
const KINDS: Record<Exclude<EventGroup, 'other'>, readonly EventKind[]> = {
  work: ['sub_task_claimed', 'sub_task_assigned', 'sub_task_started', 'sub_task_progress', 'sub_task_submitted', 'sub_task_submitted_late', 'sub_task_adopted', 'note_added'],
  reviews: ['sub_task_approved', 'sub_task_approval_given', 'sub_task_rejected', 'score_changed', 'achievement_earned'],
  trouble: [
    ...(['sub_task_blocked', 'sub_task_released', 'sub_task_reassigned', 'sub_task_requeued', 'sub_task_cancelled'] as const),
    ...(['patrol_record_opened', 'patrol_record_ignored', 'patrol_record_reopened', 'patrol_record_resolved'] as const),
    'budget_reached',
  ],
  plan: [
    ...(['task_created', 'task_edited', 'task_status_changed', 'all_done', 'module_created', 'module_edited'] as const),
    ...(['sub_task_created', 'sub_task_edited', 'sub_task_ready', 'sub_task_reopened'] as const),
    ...(['task_policy_set', 'recurrence_set', 'recurrence_paused', 'recurrence_resumed', 'recurrence_ended', 'round_opened', 'round_skipped'] as const),
  ],
}

const GROUP_OF = new Map(keysOf(KINDS).flatMap((group) => KINDS[group].map((kind) => [kind, group] as const)))

export function groupOf(kind: EventKind): EventGroup {
  return GROUP_OF.get(kind) ?? 'other'
}

/** Whether it is by or about the agent, and of the group; an empty filter lets all through. */
export function isShown(event: Event, { agent, group }: { agent: string; group: string }): boolean {
  const isOfAgent = agent === '' || event.actor.id === agent || event.agent_id === agent
  return isOfAgent && (group === '' || groupOf(event.kind) === group)
}
