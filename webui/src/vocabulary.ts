import type { Schemas } from './api/client'
import type { MessageKey } from './i18n'

export type TaskStatus = Schemas['TaskStatus']
export type SubTaskStatus = Schemas['SubTaskStatus']
export type AgentStatus = Schemas['AgentStatus']
export type Role = Schemas['Role']
export type Priority = Schemas['Priority']
export type BlockedKind = Schemas['BlockedKind']
export type EventKind = Schemas['EventKind']
export type ReviewResult = Schemas['ReviewResult']
export type DeliveryStatus = Schemas['DeliveryStatus']
export type Severity = Schemas['Severity']
export type PatrolStatus = Schemas['PatrolStatus']

/** What a colour says, not which colour it is; style.css gives each its values for light and dark. */
export type Tone = 'idle' | 'ready' | 'working' | 'checking' | 'caution' | 'danger' | 'good' | 'off'

export interface Presentation {
  label: MessageKey
  tone: Tone
}

// The order of each record is the order on the screen: the way through the life cycle.

export const TASK_STATUS: Record<TaskStatus, Presentation> = {
  planning: { label: 'taskStatus.planning', tone: 'idle' },
  active: { label: 'taskStatus.active', tone: 'ready' },
  in_progress: { label: 'taskStatus.in_progress', tone: 'working' },
  completed: { label: 'taskStatus.completed', tone: 'good' },
  archived: { label: 'taskStatus.archived', tone: 'checking' },
  cancelled: { label: 'taskStatus.cancelled', tone: 'off' },
}

export const SUB_TASK_STATUS: Record<SubTaskStatus, Presentation> = {
  pending: { label: 'subTaskStatus.pending', tone: 'idle' },
  assigned: { label: 'subTaskStatus.assigned', tone: 'ready' },
  in_progress: { label: 'subTaskStatus.in_progress', tone: 'working' },
  review: { label: 'subTaskStatus.review', tone: 'checking' },
  rework: { label: 'subTaskStatus.rework', tone: 'caution' },
  blocked: { label: 'subTaskStatus.blocked', tone: 'danger' },
  done: { label: 'subTaskStatus.done', tone: 'good' },
  cancelled: { label: 'subTaskStatus.cancelled', tone: 'off' },
}

export const AGENT_STATUS: Record<AgentStatus, Presentation> = {
  active: { label: 'agentStatus.active', tone: 'good' },
  disabled: { label: 'agentStatus.disabled', tone: 'off' },
}

/** What became of a notification or a wake-up. */
export const DELIVERY_STATUS: Record<DeliveryStatus, Presentation> = {
  pending: { label: 'deliveryStatus.pending', tone: 'working' },
  delivered: { label: 'deliveryStatus.delivered', tone: 'good' },
  dead: { label: 'deliveryStatus.dead', tone: 'danger' },
}

export const ROLE: Record<Role, Presentation> = {
  planner: { label: 'role.planner', tone: 'ready' },
  executor: { label: 'role.executor', tone: 'working' },
  reviewer: { label: 'role.reviewer', tone: 'checking' },
  patrol: { label: 'role.patrol', tone: 'caution' },
}

export const PRIORITY: Record<Priority, Presentation> = {
  high: { label: 'priority.high', tone: 'danger' },
  medium: { label: 'priority.medium', tone: 'idle' },
  low: { label: 'priority.low', tone: 'off' },
}

export const REVIEW_RESULT: Record<ReviewResult, Presentation> = {
  approved: { label: 'reviewResult.approved', tone: 'good' },
  rejected: { label: 'reviewResult.rejected', tone: 'caution' },
}

export const SEVERITY: Record<Severity, Presentation> = {
  critical: { label: 'severity.critical', tone: 'danger' },
  warning: { label: 'severity.warning', tone: 'caution' },
  info: { label: 'severity.info', tone: 'ready' },
}

export const PATROL_STATUS: Record<PatrolStatus, Presentation> = {
  open: { label: 'patrolStatus.open', tone: 'danger' },
  ignored: { label: 'patrolStatus.ignored', tone: 'off' },
  resolved: { label: 'patrolStatus.resolved', tone: 'good' },
}

export const BLOCKED_KIND: Record<BlockedKind, Presentation> = {
  needs_input: { label: 'blockedKind.needs_input', tone: 'danger' },
  dependency: { label: 'blockedKind.dependency', tone: 'danger' },
  resource: { label: 'blockedKind.resource', tone: 'danger' },
  technical: { label: 'blockedKind.technical', tone: 'danger' },
  timeout: { label: 'blockedKind.timeout', tone: 'danger' },
  other: { label: 'blockedKind.other', tone: 'danger' },
}

/** What a sub-task waits for. */
export const WAITING_KIND: Record<Schemas['WaitingKind'], MessageKey> = {
  prerequisites: 'waitingKind.prerequisites',
  task_status: 'waitingKind.task_status',
  budget: 'waitingKind.budget',
  no_executor: 'waitingKind.no_executor',
  claim: 'waitingKind.claim',
  owner_start: 'waitingKind.owner_start',
  owner: 'waitingKind.owner',
  owner_silent: 'waitingKind.owner_silent',
  review: 'waitingKind.review',
  no_reviewer: 'waitingKind.no_reviewer',
  owner_rework: 'waitingKind.owner_rework',
  unblock: 'waitingKind.unblock',
}

/** What an agent writes down. */
export const LOG_ACTION: Record<Schemas['LogAction'], MessageKey> = {
  plan: 'logAction.plan',
  coding: 'logAction.coding',
  delivery: 'logAction.delivery',
  review: 'logAction.review',
  reflection: 'logAction.reflection',
  blocked: 'logAction.blocked',
  patrol: 'logAction.patrol',
}

/** Events that stand out; the others are plain. */
const EVENT_TONE: Partial<Record<EventKind, Tone>> = {
  task_created: 'ready',
  all_done: 'good',
  sub_task_claimed: 'ready',
  sub_task_assigned: 'ready',
  sub_task_reassigned: 'ready',
  sub_task_started: 'working',
  sub_task_progress: 'working',
  sub_task_submitted: 'checking',
  sub_task_submitted_late: 'caution',
  sub_task_approved: 'good',
  sub_task_rejected: 'caution',
  sub_task_blocked: 'danger',
  sub_task_approval_given: 'good',
  sub_task_adopted: 'checking',
  round_opened: 'ready',
  budget_reached: 'danger',
  note_added: 'ready',
  achievement_earned: 'good',
  patrol_record_opened: 'caution',
  patrol_record_reopened: 'caution',
  patrol_record_resolved: 'good',
}

/** The tone of an event. Its text is `event.<kind>`; one that a newer server sends may have none. */
export function eventTone(kind: EventKind): Tone {
  return EVENT_TONE[kind] ?? 'idle'
}

export const TONE_FILL: Record<Tone, string> = {
  idle: 'bg-tone-idle',
  ready: 'bg-tone-ready',
  working: 'bg-tone-working',
  checking: 'bg-tone-checking',
  caution: 'bg-tone-caution',
  danger: 'bg-tone-danger',
  good: 'bg-tone-good',
  off: 'bg-tone-off',
}
