import type { Schemas } from '../../api/client'

export interface Day {
  day: string
  inputTokens: number
  outputTokens: number
  cost: number
}

const DAY_MS = 86_400_000

/**
 * The last `count` days, oldest first, with nothing on those without a report. The server's day may have begun before
 * the browser's, so the last one is the later of the two.
 */
export function lastDays(reported: readonly Schemas['UsageOfDay'][], count: number, today: string): Day[] {
  const byDay = new Map(reported.map(({ day, used }) => [day, used]))
  const last = [today, ...byDay.keys()].sort().at(-1) ?? today
  const end = Date.parse(`${last}T00:00:00Z`)
  return Array.from({ length: count }, (_, index) => {
    const day = new Date(end - (count - 1 - index) * DAY_MS).toISOString().slice(0, 10)
    const used = byDay.get(day)
    return {
      day,
      inputTokens: used?.input_tokens ?? 0,
      outputTokens: used?.output_tokens ?? 0,
      cost: Number(used?.cost ?? 0),
    }
  })
}

/** The day that it is where the browser is. */
export function dayOf(now: Date): string {
  const [year, month, day] = [now.getFullYear(), now.getMonth() + 1, now.getDate()]
  return [year, String(month).padStart(2, '0'), String(day).padStart(2, '0')].join('-')
}
