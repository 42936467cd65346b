import type { Schemas } from '../../api/client'
import { SUB_TASK_STATUS, type Priority, type SubTaskStatus } from '../../vocabulary'
import { keysOf } from '../../lib/keys'

/** Without the field that is always null: it is there for old clients only. */
export type SubTask = Omit<Schemas['SubTask'], 'recurring_config'>
export type Action = Schemas['SubTaskAction']

const RANK: Record<Priority, number> = { high: 0, medium: 1, low: 2 }

/** The sub-tasks of each status, in the order of the life cycle; what is urgent stands first. */
export function columnsOf(subTasks: readonly SubTask[]): { status: SubTaskStatus; subTasks: SubTask[] }[] {
  const sorted = [...subTasks].sort(
    (a, b) =>
      RANK[a.priority] - RANK[b.priority] || a.created_at.localeCompare(b.created_at) || a.id.localeCompare(b.id),
  )
  return keysOf(SUB_TASK_STATUS).map((status) => ({
    status,
    subTasks: sorted.filter((subTask) => subTask.status === status),
  }))
}

/** What an admin does to bring a sub-task into a status; nothing where only its executor can. */
const ACTIONS_TO: Record<SubTaskStatus, Action[]> = {
  pending: ['release', 'requeue', 'reopen'],
  assigned: ['reassign'],
  in_progress: [],
  review: [],
  rework: ['reject'],
  blocked: ['block'],
  done: ['approve'],
  cancelled: ['cancel'],
}

/** The action that moves this sub-task there, if the state machine allows one now. */
export function actionTo(subTask: SubTask, status: SubTaskStatus): Action | undefined {
  if (subTask.status === status) return undefined
  return ACTIONS_TO[status].find((action) => subTask.allowed_actions.includes(action))
}

/** What an admin can do with it, as buttons; `claim`, `start` and the like belong to agents. */
const ADMIN_ACTIONS: Action[] = ['approve', 'reject', 'reassign', 'requeue', 'release', 'reopen', 'edit', 'block', 'cancel']

export function adminActions(subTask: SubTask): Action[] {
  return ADMIN_ACTIONS.filter((action) => subTask.allowed_actions.includes(action))
}
