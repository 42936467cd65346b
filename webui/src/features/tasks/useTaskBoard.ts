import { computed } from 'vue'
import { api, read } from '../../api/client'
import { useQuery } from '../../composables/useQuery'
import type { Event } from '../../api/events'
import { useEvents } from '../../stores/live'
import type { SubTask } from './board'

const PAGE_SIZE = 100
/** More changes than this at once, and the whole list is asked for again. */
const PATCHED_MAX = 5

/** A task with all its modules and sub-tasks, kept true by the events. */
export function useTaskBoard(taskId: () => string) {
  const task = useQuery((signal) => read(api.GET('/api/tasks/{task_id}', { params: byId(), signal })), { watch: taskId, isKept: false })
  const modules = useQuery((signal) => read(api.GET('/api/tasks/{task_id}/modules', { params: byId(), signal })), { watch: taskId, isKept: false })
  const subTasks = useQuery((signal) => loadSubTasks(taskId(), signal), { watch: taskId, isKept: false })
  const agents = useQuery((signal) => read(api.GET('/api/agents', { signal })))

  const agentNames = computed(() => new Map(agents.data.value?.map((agent) => [agent.id, agent.name])))

  function byId() {
    return { path: { task_id: taskId() } }
  }

  useEvents((events) => {
    if (events.some((event) => event.kind === 'agent_registered')) agents.refreshSoon()
    const ours = events.filter((event) => event.task_id === taskId())
    if (ours.some((event) => event.sub_task_id === null)) {
      task.refreshSoon()
      modules.refreshSoon()
    }
    const changed = changedIds(ours)
    if (changed.length > PATCHED_MAX) subTasks.refreshSoon()
    else void Promise.all(changed.map(reload))
  })

  /** Asks for one sub-task and puts it in its place. */
  async function reload(id: string): Promise<void> {
    const path = { sub_task_id: id }
    try {
      replace(await read(api.GET('/api/sub-tasks/{sub_task_id}', { params: { path } })))
    } catch {
      // The whole list says what is wrong, or that it is all right again.
      subTasks.refreshSoon()
    }
  }

  function replace(changed: SubTask): void {
    subTasks.patch((all) => {
      const isKnown = all.some((one) => one.id === changed.id)
      return isKnown ? all.map((one) => (one.id === changed.id ? changed : one)) : [...all, changed]
    })
  }

  return { task, modules, subTasks, agents, agentNames, reload }
}

/** Whose state changed. A sub-task that is done can free others, so these are asked for too by their own events. */
function changedIds(events: readonly Event[]): string[] {
  return [...new Set(events.flatMap((event) => event.sub_task_id ?? []))]
}

async function loadSubTasks(taskId: string, signal: AbortSignal): Promise<SubTask[]> {
  const all: SubTask[] = []
  for (let page = 1; ; page += 1) {
    const query = { task_id: taskId, page, page_size: PAGE_SIZE }
    const answer = await read(api.GET('/api/sub-tasks', { params: { query }, signal }))
    all.push(...answer.items)
    if (!answer.has_more) return all
  }
}
