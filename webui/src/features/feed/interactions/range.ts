import { api, read } from '../../../api/client'
import type { Event } from '../../../api/events'

export const PAGE = 500
/** More than this takes too long to read: then only the newest of the range are looked at. */
export const PAGES_MAX = 10

export interface EventRange {
  /** In the order in which they happened. */
  events: Event[]
  /** Whether it reaches back to where the range begins. */
  isWhole: boolean
}

/** The events since then; `onLooked` hears how many were read so far. */
export async function loadSince(since: number, signal: AbortSignal, onLooked: (count: number) => void): Promise<EventRange> {
  const found: Event[] = []
  let before = 0
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const query = { before, limit: PAGE }
    const { items, has_more } = await read(api.GET('/api/events', { params: { query }, signal }))
    const recent = items.filter(({ at }) => Date.parse(at) >= since)
    found.push(...recent)
    onLooked(found.length)
    const oldest = items.at(-1)
    if (!has_more || oldest === undefined || recent.length < items.length) return { events: found.toReversed(), isWhole: true }
    before = oldest.seq
  }
  return { events: found.toReversed(), isWhole: false }
}
