import { computed, ref, shallowRef, watch } from 'vue'
import type { Event } from '../../../api/events'
import { useNow } from '../../../composables/useNow'
import { useQuery } from '../../../composables/useQuery'
import { useEvents } from '../../../stores/live'
import { loadSince } from './range'

/** The events of the last so many milliseconds; what happens goes on to be added. */
export function useEventRange(lengthMs: () => number) {
  const now = useNow()
  const looked = ref(0)
  const live = shallowRef<Event[]>([])

  const { data, error, refresh } = useQuery(
    (signal) => {
      looked.value = 0
      return loadSince(Date.now() - lengthMs(), signal, (count) => (looked.value = count))
    },
    { watch: lengthMs, isKept: false },
  )
  useEvents((events) => (live.value = [...live.value, ...events]))
  // What came before the answer is in it.
  watch(data, (range) => {
    const newest = range?.events.at(-1)?.seq ?? 0
    live.value = live.value.filter(({ seq }) => seq > newest)
  })

  const events = computed(() => {
    if (data.value === undefined) return undefined
    const since = now.value - lengthMs()
    return [...data.value.events, ...live.value].filter(({ at }) => Date.parse(at) >= since)
  })

  return { events, looked, isWhole: computed(() => data.value?.isWhole ?? true), error, refresh }
}
