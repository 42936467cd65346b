const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * DAY],
  ['month', 30 * DAY],
  ['day', DAY],
  ['hour', HOUR],
  ['minute', MINUTE],
]

/** Making one takes a hundred times longer than using it, and a list has one time in each row. */
const formats = new Map<string, Intl.RelativeTimeFormat>()

function formatOf(locale: string): Intl.RelativeTimeFormat {
  const known = formats.get(locale)
  if (known !== undefined) return known
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' })
  formats.set(locale, format)
  return format
}

/** How long ago, or how far off, in one unit: "5 minutes ago". Under a minute it is `nowText`. */
export function relativeTime(at: number, now: number, locale: string, nowText: string): string {
  const seconds = (at - now) / 1000
  const format = formatOf(locale)
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit)
  }
  return nowText
}
