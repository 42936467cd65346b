import { onScopeDispose, readonly, ref, shallowReadonly, shallowRef, watch, type Ref } from 'vue'
import { ApiError } from '../api/problem'

export interface Polling<T> {
  /** The newest answer; kept while a later call fails. */
  data: Readonly<Ref<T | undefined>>
  /** When `data` came. */
  loadedAt: Readonly<Ref<Date | undefined>>
  /** Why the last call failed; undefined once one succeeds. */
  error: Readonly<Ref<ApiError | undefined>>
  isLoading: Readonly<Ref<boolean>>
  /** Asks now, instead of a call that is under way, and starts the interval anew. */
  refresh: () => Promise<void>
}

export interface PollingOptions {
  intervalMs: number
  isEnabled?: () => boolean
}

/**
 * Asks at once and then again `intervalMs` after each answer, as long as the page is visible.
 * Calls never overlap, and the answer to a call that was given up is never shown.
 */
export function usePolling<T>(
  load: (signal: AbortSignal) => Promise<T>,
  { intervalMs, isEnabled = () => true }: PollingOptions,
): Polling<T> {
  const data = shallowRef<T>()
  const loadedAt = shallowRef<Date>()
  const error = shallowRef<ApiError>()
  const isLoading = ref(false)
  let current: AbortController | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

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
        schedule()
      }
    }
  }

  function schedule(): void {
    if (isEnabled() && !document.hidden) timer = setTimeout(() => void refresh(), intervalMs)
  }

  function stop(): void {
    clearTimeout(timer)
    current?.abort()
    current = undefined
    isLoading.value = false
  }

  function onVisibilityChange(): void {
    if (document.hidden) clearTimeout(timer)
    else if (isEnabled()) void refresh()
  }

  document.addEventListener('visibilitychange', onVisibilityChange)
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', onVisibilityChange)
    stop()
  })
  watch(isEnabled, (enabled) => (enabled ? void refresh() : stop()), { immediate: true })

  return {
    data: shallowReadonly(data),
    loadedAt: shallowReadonly(loadedAt),
    error: shallowReadonly(error),
    isLoading: readonly(isLoading),
    refresh,
  }
}
