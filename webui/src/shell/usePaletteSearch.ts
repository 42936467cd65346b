import { onScopeDispose, readonly, shallowRef, watch, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, read } from '../api/client'
import { ApiError } from '../api/problem'
import { SUB_TASK_STATUS, TASK_STATUS, ROLE } from '../vocabulary'

export interface Hit {
  to: string
  label: string
  note: string
}

interface Found {
  tasks: Hit[]
  subTasks: Hit[]
  agents: Hit[]
}

const NOTHING: Found = { tasks: [], subTasks: [], agents: [] }
const PAUSE_MS = 200
const LIMIT = 5

/** Tasks, sub-tasks and agents that have the text in their name, asked for when the typing pauses. */
export function usePaletteSearch(text: () => string): { found: Readonly<Ref<Found>> } {
  const { t } = useI18n()
  const found = shallowRef(NOTHING)
  let timer: ReturnType<typeof setTimeout> | undefined
  let current: AbortController | undefined

  watch(text, (keyword) => {
    clearTimeout(timer)
    current?.abort()
    if (keyword === '') found.value = NOTHING
    else timer = setTimeout(() => void search(keyword), PAUSE_MS)
  })
  onScopeDispose(() => {
    clearTimeout(timer)
    current?.abort()
  })

  async function search(keyword: string): Promise<void> {
    const mine = new AbortController()
    current = mine
    try {
      const answer = await ask(keyword, mine.signal)
      if (current === mine) found.value = answer
    } catch (cause) {
      // A search that fails finds nothing; whether the server can be heard is shown in the header.
      if (!(cause instanceof ApiError) && !mine.signal.aborted) throw cause
    }
  }

  async function ask(keyword: string, signal: AbortSignal): Promise<Found> {
    const params = { query: { keyword, page_size: LIMIT } }
    const [tasks, subTasks, agents] = await Promise.all([
      read(api.GET('/api/admin/tasks', { params, signal })),
      read(api.GET('/api/admin/sub-tasks', { params, signal })),
      read(api.GET('/api/agents', { signal })),
    ])
    return {
      tasks: tasks.items.map((one) => ({ to: `/tasks/${one.id}`, label: one.name, note: t(TASK_STATUS[one.status].label) })),
      subTasks: subTasks.items.map((one) => ({
        to: `/tasks/${one.task_id}?sub=${one.id}`,
        label: one.name,
        note: t(SUB_TASK_STATUS[one.status].label),
      })),
      agents: agents.filter(({ name }) => name.toLowerCase().includes(keyword.toLowerCase())).slice(0, LIMIT).map((one) => ({ to: `/agents/${one.id}`, label: one.name, note: t(ROLE[one.role].label) })),
    }
  }

  return { found: readonly(found) as Readonly<Ref<Found>> }
}
