import { computed, shallowRef } from 'vue'
import { api, read } from '../../api/client'
import type { Event } from '../../api/events'
import { useAction } from '../../composables/useAction'
import { useQuery } from '../../composables/useQuery'
import { useEvents } from '../../stores/live'
import { newestFirst } from './newestFirst'

const PAGE = 100
const OLDER_PAGE = 300
/** A page that is left open for days keeps no more than these; older ones can be asked for again. */
const LIVE_MAX = 2000

/** What happened, the newest first; what happens while it is open comes by itself. */
export function useEventFeed() {
  const live = shallowRef<Event[]>([])
  const { data, error, refresh, patch } = useQuery((signal) => loadBefore(0, PAGE, signal))
  useEvents((events) => (live.value = [...live.value, ...events].slice(-LIVE_MAX)))

  const events = computed(() => (data.value === undefined ? undefined : newestFirst([...data.value.items, ...live.value])))
  const liveSeqs = computed(() => new Set(live.value.map(({ seq }) => seq)))

  const older = useAction(async () => {
    const oldest = data.value?.items.at(-1)
    if (oldest === undefined) return
    const page = await loadBefore(oldest.seq, OLDER_PAGE)
    patch(({ items }) => ({ ...page, items: [...items, ...page.items] }))
  })

  return {
    events,
    /** Whether it happened under the reader's eyes. */
    isNew: (event: Event) => liveSeqs.value.has(event.seq),
    hasOlder: computed(() => data.value?.has_more ?? false),
    error,
    refresh,
    older,
  }
}

function loadBefore(before: number, limit: number, signal?: AbortSignal) {
  return read(api.GET('/api/events', { params: { query: { before, limit } }, ...(signal && { signal }) }))
}
