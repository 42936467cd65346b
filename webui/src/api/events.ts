import { api, read, type Schemas } from './client'
import { ApiError } from './problem'

export type Event = Schemas['Event']
export type EventKind = Schemas['EventKind']

export interface EventHandlers {
  onEvents: (events: Event[]) => void
  /** Whether the server can be heard. */
  onConnection: (isConnected: boolean) => void
}

/** Starts to listen from now on; what it returns ends that. */
export type EventSource = (handlers: EventHandlers) => () => void

const POLL_MS = 3_000
const PAGE = 200

/** Asks again and again. Rests while the page is hidden, and catches up when it is seen again. */
export const pollEvents: EventSource = ({ onEvents, onConnection }) => {
  const ended = new AbortController()
  let after: number | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let isAsking = false

  async function ask(): Promise<void> {
    clearTimeout(timer)
    if (isAsking || ended.signal.aborted) return
    isAsking = true
    try {
      const hasMore = await askOnce()
      onConnection(true)
      if (hasMore) timer = setTimeout(() => void ask())
      else schedule()
    } catch (cause) {
      if (ended.signal.aborted) return
      if (!(cause instanceof ApiError)) throw cause
      onConnection(false)
      schedule()
    } finally {
      isAsking = false
    }
  }

  async function askOnce(): Promise<boolean> {
    after ??= await newestSeq(ended.signal)
    const query = { after, limit: PAGE }
    const page = await read(api.GET('/api/events', { params: { query }, signal: ended.signal }))
    after = page.next_after
    if (page.items.length > 0) onEvents(page.items)
    return page.has_more
  }

  function schedule(): void {
    if (!document.hidden) timer = setTimeout(() => void ask(), POLL_MS)
  }

  function onVisibilityChange(): void {
    if (document.hidden) clearTimeout(timer)
    else void ask()
  }

  document.addEventListener('visibilitychange', onVisibilityChange)
  void ask()
  return () => {
    document.removeEventListener('visibilitychange', onVisibilityChange)
    clearTimeout(timer)
    ended.abort()
  }
}

async function newestSeq(signal: AbortSignal): Promise<number> {
  const query = { before: 0, limit: 1 }
  const page = await read(api.GET('/api/events', { params: { query }, signal }))
  return page.next_after
}
