import { api, read, type Schemas } from '../../../api/client'
import { SUB_TASK_STATUS, TASK_STATUS, type Presentation } from '../../../vocabulary'

/** So many of the newest rounds are listed. */
const ROUNDS = { page: 1, page_size: 10 }

export interface Round {
  id: string
  round: number
  presentation: Presentation
  /** Where it is shown. */
  to: string
}

/** What can be asked of work that comes round again, be it a task or a sub-task. */
export interface SeriesCalls {
  find: (signal: AbortSignal) => Promise<Schemas['Series']>
  rounds: (signal: AbortSignal) => Promise<Round[]>
  set: (recurrence: Schemas['RecurrenceSet']) => Promise<unknown>
  pause: () => Promise<unknown>
  resume: () => Promise<unknown>
  end: () => Promise<unknown>
}

export function seriesOfTask(task_id: string): SeriesCalls {
  const params = { path: { task_id } }
  return {
    find: (signal) => read(api.GET('/api/tasks/{task_id}/recurrence', { params, signal })),
    rounds: async (signal) => {
      const { items } = await read(api.GET('/api/tasks/{task_id}/rounds', { params: { ...params, query: ROUNDS }, signal }))
      return items.map(({ task: { id, status }, round }) => ({
        id,
        round,
        presentation: TASK_STATUS[status],
        to: `/tasks/${id}`,
      }))
    },
    set: (recurrence) => read(api.PUT('/api/tasks/{task_id}/recurrence', { params, body: { recurrence } })),
    pause: () => read(api.POST('/api/tasks/{task_id}/recurrence/pause', { params })),
    resume: () => read(api.POST('/api/tasks/{task_id}/recurrence/resume', { params })),
    end: () => read(api.DELETE('/api/tasks/{task_id}/recurrence', { params })),
  }
}

export function seriesOfSubTask(sub_task_id: string): SeriesCalls {
  const params = { path: { sub_task_id } }
  return {
    find: (signal) => read(api.GET('/api/sub-tasks/{sub_task_id}/recurrence', { params, signal })),
    rounds: async (signal) => {
      const { items } = await read(api.GET('/api/sub-tasks/{sub_task_id}/rounds', { params: { ...params, query: ROUNDS }, signal }))
      return items.map(({ id, task_id, status, round }) => ({
        id,
        round: round ?? 0,
        presentation: SUB_TASK_STATUS[status],
        to: `/tasks/${task_id}?sub=${id}`,
      }))
    },
    set: (recurrence) => read(api.PUT('/api/sub-tasks/{sub_task_id}/recurrence', { params, body: { recurrence } })),
    pause: () => read(api.POST('/api/sub-tasks/{sub_task_id}/recurrence/pause', { params })),
    resume: () => read(api.POST('/api/sub-tasks/{sub_task_id}/recurrence/resume', { params })),
    end: () => read(api.DELETE('/api/sub-tasks/{sub_task_id}/recurrence', { params })),
  }
}
