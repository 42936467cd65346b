import type { SubTask } from '../board'

/**
 * The longest chain of sub-tasks that are still open, each waiting for the one before: what decides
 * when the whole task is done. The server refuses cycles; one that is there all the same ends the chain.
 */
export function criticalPath(subTasks: readonly SubTask[]): string[] {
  const open = new Map(subTasks.filter(({ status }) => status !== 'done' && status !== 'cancelled').map((one) => [one.id, one]))
  const longest = new Map<string, string[]>()

  function chainTo(id: string, seen: ReadonlySet<string>): string[] {
    const known = longest.get(id)
    if (known !== undefined) return known
    const before = (open.get(id)?.depends_on ?? [])
      .filter((one) => open.has(one) && !seen.has(one))
      .map((one) => chainTo(one, new Set([...seen, one])))
    const chain = [...before.reduce<string[]>((best, one) => (one.length > best.length ? one : best), []), id]
    longest.set(id, chain)
    return chain
  }

  const chains = [...open.keys()].map((id) => chainTo(id, new Set([id])))
  const best = chains.reduce<string[]>((found, one) => (one.length > found.length ? one : found), [])
  return best.length > 1 ? best : []
}
