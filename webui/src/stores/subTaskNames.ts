import { defineStore } from 'pinia'
import { shallowReadonly, shallowRef } from 'vue'
import { api, read } from '../api/client'
import { ApiError } from '../api/problem'

export interface SubTaskName {
  name: string
  taskId: string
}

/** From this many unknown ones on, the newest are asked for together. */
const MANY = 4
const NEWEST = 100
/** Asked for one by one at a time. */
const LANES = 4

/** Names of sub-tasks, for lists that only have their ids; each is asked for once. */
export const useSubTaskNames = defineStore('subTaskNames', () => {
  const names = shallowRef<ReadonlyMap<string, SubTaskName>>(new Map())
  const asked = new Set<string>()
  let wanted: string[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Asks for it soon, unless it was asked for already; those that are wanted at once are asked for together. */
  function want(id: string): void {
    if (asked.has(id)) return
    asked.add(id)
    wanted.push(id)
    timer ??= setTimeout(() => void askWanted())
  }

  async function askWanted(): Promise<void> {
    const ids = wanted
    wanted = []
    timer = undefined
    if (ids.length >= MANY) await attempt(askNewest)
    const rest = ids.filter((id) => !names.value.has(id))
    await Promise.all(Array.from({ length: LANES }, (_, lane) => askEach(rest.filter((_id, index) => index % LANES === lane))))
  }

  async function askNewest(): Promise<void> {
    const query = { sort_by: 'updated_at', sort_order: 'desc', page_size: NEWEST } as const
    const { items } = await read(api.GET('/api/admin/sub-tasks', { params: { query } }))
    know(items)
  }

  async function askEach(ids: readonly string[]): Promise<void> {
    for (const sub_task_id of ids) {
      await attempt(async () => know([await read(api.GET('/api/sub-tasks/{sub_task_id}', { params: { path: { sub_task_id } } }))]))
    }
  }

  function know(found: readonly { id: string; name: string; task_id: string }[]): void {
    for (const { id } of found) asked.add(id)
    names.value = new Map([...names.value, ...found.map(({ id, name, task_id }) => [id, { name, taskId: task_id }] as const)])
  }

  return { names: shallowReadonly(names), want }
})

/** A list without a name is better than none. */
async function attempt(ask: () => Promise<void>): Promise<void> {
  try {
    await ask()
  } catch (cause) {
    if (!(cause instanceof ApiError)) throw cause
  }
}
