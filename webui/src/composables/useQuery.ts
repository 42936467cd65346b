import { onScopeDispose, readonly, ref, shallowReadonly, shallowRef, watch, type Ref } from 'vue'
import { ApiError } from '../api/problem'

export interface Query<T> {
  /** The newest answer; kept while a later call is under way or fails. */
  data: Readonly<Ref<T | undefined>>
  /** When `data` came. */
  loadedAt: Readonly<Ref<Date | undefined>>
  /** Why the last call failed; undefined once one succeeds. */
  error: Readonly<Ref<ApiError | undefined>>
  isLoading: Readonly<Ref<boolean>>
  /** Asks now, instead of a call that is under way, and starts the interval anew. */
  refresh: () => Promise<void>
  /** Asks soon, but not while a call is under way; many calls in a short time become one, however long they go on. */
  refreshSoon: () => void
  /** Replaces `data` by what is known to be true now, without asking. */
  patch: (change: (data: T) => T) => void
}

export interface QueryOptions {
  /** Asks again whenever this changes; with `isKept` false, the old answer is taken away at once. */
  watch?: () => unknown
  isKept?: boolean
  /** Asks again this long after each answer, as long as the page is visible. */
  intervalMs?: number
  isEnabled?: () => boolean
}

const SOON_MS = 400

/**
 * Asks at once, and then as the options say. Calls never overlap, and the answer to a call that was
 * given up is never shown.
 */
export function useQuery<T>(
  load: (signal: AbortSignal) => Promise<T>,
  { watch: source = () => undefined, isKept = true, intervalMs, isEnabled = () => true }: QueryOptions = {},
): Query<T> {
  const data = shallowRef<T>()
  const loadedAt = shallowRef<Date>()
  const error = shallowRef<ApiError>()
  const isLoading = ref(false)
  let current: AbortController | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let isWantedSoon = false

  async function refresh(): Promise<void> {
    stop()
    const mine = new AbortController()
    current = mine
    isLoading.value = true
    try {
      const answer = await load(mine.signal)
      if (current !== mine) return
      data.value = answer
      loadedAt.value = new Date()
      error.value = undefined
    } catch (cause) {
      if (current !== mine) return
      if (!(cause instanceof ApiError)) throw cause
      error.value = cause
    } finally {
      if (current === mine) {
        current = undefined
        isLoading.value = false
        if (isWantedSoon) askSoon()
        else schedule()
      }
    }
  }

  function refreshSoon(): void {
    // A team that never rests would put it off for ever, if each call began the wait anew or gave up the one before.
    if (isWantedSoon || !isEnabled()) return
    isWantedSoon = true
    if (current === undefined) askSoon()
  }

  function askSoon(): void {
    clearTimeout(timer)
    timer = setTimeout(() => void refresh(), SOON_MS)
  }

  function patch(change: (data: T) => T): void {
    if (data.value !== undefined) data.value = change(data.value)
  }

  function schedule(): void {
    if (intervalMs !== undefined && isEnabled() && !document.hidden) {
      timer = setTimeout(() => void refresh(), intervalMs)
    }
  }

  function stop(): void {
    clearTimeout(timer)
    current?.abort()
    current = undefined
    isWantedSoon = false
    isLoading.value = false
  }

  function onVisibilityChange(): void {
    if (intervalMs === undefined) return
    if (document.hidden) clearTimeout(timer)
    else if (isEnabled()) void refresh()
  }

  document.addEventListener('visibilitychange', onVisibilityChange)
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', onVisibilityChange)
    stop()
  })
  watch(
    [isEnabled, () => JSON.stringify(source())] as const,
    ([enabled]) => {
      if (!isKept) data.value = undefined
      if (enabled) void refresh()
      else stop()
    },
    { immediate: true },
  )

  return {
    data: shallowReadonly(data) as Readonly<Ref<T | undefined>>,
    loadedAt: shallowReadonly(loadedAt),
    error: shallowReadonly(error),
    isLoading: readonly(isLoading),
    refresh,
    refreshSoon,
    patch,
  }
}
