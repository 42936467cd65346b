export interface Waiting {
  id: string
  updated_at?: string | null | undefined
}

/** After this long in review, work waits for somebody to notice. */
export const REVIEW_LONG_MS = 30 * 60 * 1000

/** Those that have not moved for this long, the longest first. */
export function waitingLong<T extends Waiting>(items: readonly T[], now: number, limitMs: number): T[] {
  return items
    .filter(({ updated_at }) => now - timeOf(updated_at) >= limitMs)
    .toSorted((a, b) => timeOf(a.updated_at) - timeOf(b.updated_at))
}

function timeOf(at: string | null | undefined): number {
  return at === null || at === undefined ? 0 : Date.parse(at)
}
