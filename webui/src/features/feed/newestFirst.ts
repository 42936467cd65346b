import type { Event } from '../../api/events'

/** Each event once, the newest first, wherever it came from. */
export function newestFirst(events: readonly Event[]): Event[] {
  const bySeq = new Map(events.map((event) => [event.seq, event]))
  return [...bySeq.values()].sort((a, b) => b.seq - a.seq)
}
