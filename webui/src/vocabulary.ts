import type {
  AgentRoleDistribution,
  AgentStatusDistribution,
  SubTaskStatusDistribution,
  TaskStatusDistribution,
} from './api/client'
import type { MessageKey } from './i18n'

export type TaskStatus = keyof TaskStatusDistribution
export type SubTaskStatus = keyof SubTaskStatusDistribution
export type AgentStatus = keyof AgentStatusDistribution
export type Role = keyof AgentRoleDistribution

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
