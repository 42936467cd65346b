import { defineStore } from 'pinia'
import { onScopeDispose, readonly, ref } from 'vue'
import { streamEvents, type Event, type EventSource } from '../api/events'

type Listener = (events: Event[]) => void

/** What the dashboard listens to; there is one, and every page gets its events from it. */
const source: EventSource = streamEvents

export const useLive = defineStore('live', () => {
  /** Undefined until the first answer. */
  const isConnected = ref<boolean>()
  const listeners = new Set<Listener>()
  let stop: (() => void) | undefined

  function start(): void {
    stop ??= source({
      onEvents: (events) => listeners.forEach((listener) => listener(events)),
      onConnection: (value) => (isConnected.value = value),
    })
  }

  function end(): void {
    stop?.()
    stop = undefined
    isConnected.value = undefined
  }

  function listen(listener: Listener): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  return { isConnected: readonly(isConnected), start, end, listen }
})

/** Calls `listener` with what happens from now on, as long as the component lives. */
export function useEvents(listener: Listener): void {
  onScopeDispose(useLive().listen(listener))
}
