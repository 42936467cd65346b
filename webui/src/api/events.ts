import { api, read, type Schemas } from './client'
import { ApiError } from './problem'
import { readStream } from './sse'

export type Event = Schemas['Event']
export type EventKind = Schemas['EventKind']

export interface EventHandlers {
  /** What happened, oldest first; events that come together are given together. */
  onEvents: (events: Event[]) => void
  /** Whether the server can be heard. */
  onConnection: (isConnected: boolean) => void
}

/** Starts to listen from now on; what it returns ends that. */
export type EventSource = (handlers: EventHandlers) => () => void

const RETRY_MS = 2_000
/** Events that come within this time are given together, so that a burst is drawn once. */
const BATCH_MS = 80

/** The server's event stream. After a break it goes on where it was, so nothing is missed. */
export const streamEvents: EventSource = ({ onEvents, onConnection }) => {
  const ended = new AbortController()
  let after: number | undefined
  let batch: Event[] = []
  let batchTimer: ReturnType<typeof setTimeout> | undefined
  let retryTimer: ReturnType<typeof setTimeout> | undefined

  async function listen(): Promise<void> {
    try {
      await listenOnce()
    } catch (cause) {
      if (ended.signal.aborted) return
      // What is no answer of ours is a connection that broke in the middle.
      if (cause instanceof ApiError && cause.failure.kind === 'signed_out') return
    }
    if (ended.signal.aborted) return
    onConnection(false)
    retryTimer = setTimeout(() => void listen(), RETRY_MS)
  }

  async function listenOnce(): Promise<void> {
    after ??= await newestSeq(ended.signal)
    const query = { after }
    const call = api.GET('/api/events/stream', { params: { query }, parseAs: 'stream', signal: ended.signal })
    const body = (await call).data as ReadableStream<Uint8Array> | null | undefined
    if (body === null || body === undefined) return
    onConnection(true)
    for await (const message of readStream(body)) take(JSON.parse(message.data) as Event)
  }

  function take(event: Event): void {
    after = event.seq
    batch.push(event)
    batchTimer ??= setTimeout(give, BATCH_MS)
  }

  function give(): void {
    const events = batch
    batch = []
    batchTimer = undefined
    onEvents(events)
  }

  void listen()
  return () => {
    clearTimeout(batchTimer)
    clearTimeout(retryTimer)
    ended.abort()
  }
}

/** Where now is: without it, what happens during a first break would be missed. */
async function newestSeq(signal: AbortSignal): Promise<number> {
  const query = { before: 0, limit: 1 }
  return (await read(api.GET('/api/events', { params: { query }, signal }))).next_after
}
