import type { Schemas } from './api/client'
import type { MessageKey } from './i18n'

export type TaskStatus = Schemas['TaskStatus']
export type SubTaskStatus = Schemas['SubTaskStatus']
export type AgentStatus = Schemas['AgentStatus']
export type Role = Schemas['Role']
export type Priority = Schemas['Priority']
export type ReviewResult = Schemas['ReviewResult']

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
