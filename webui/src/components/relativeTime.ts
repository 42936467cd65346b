const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const UNITS = [
  ['year', 365 * DAY],
  ['month', 30 * DAY],
  ['day', DAY],
  ['hour', HOUR],
  ['minute', MINUTE],
] as const

type Unit = (typeof UNITS)[number][0]

/** How many of a unit ago, or still to go, and the text that says so. */
export interface RelativeTime {
  message: `common.past.${Unit}` | `common.future.${Unit}`
  count: number
}

/**
 * How long ago, or how far off, in one unit; nothing if less than a minute. The browser's own format of this takes a phone
 * a tenth of a second at first use.
 */
export function relativeTime(at: number, now: number): RelativeTime | undefined {
  const seconds = (at - now) / 1000
  const tense = seconds < 0 ? 'past' : 'future'
  for (const [unit, size] of UNITS) {
    const count = Math.trunc(Math.abs(seconds) / size)
    if (count > 0) return { message: `common.${tense}.${unit}`, count }
  }
  return undefined
}
