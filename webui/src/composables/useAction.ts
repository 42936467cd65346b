import { readonly, ref, shallowReadonly, shallowRef, type Ref } from 'vue'
import { ApiError } from '../api/problem'

export interface Action<A extends unknown[], R> {
  isRunning: Readonly<Ref<boolean>>
  /** Why the last run failed; undefined while one is under way and once one succeeds. */
  error: Readonly<Ref<ApiError | undefined>>
  /** Resolves with the result, or with undefined when the server refused. A second run waits for nobody: it is dropped. */
  run: (...args: A) => Promise<R | undefined>
  reset: () => void
}

/** Something that a person does, one at a time; what the server says against it ends up in `error`. */
export function useAction<A extends unknown[], R>(perform: (...args: A) => Promise<R>): Action<A, R> {
  const isRunning = ref(false)
  const error = shallowRef<ApiError>()

  async function run(...args: A): Promise<R | undefined> {
    if (isRunning.value) return undefined
    isRunning.value = true
    error.value = undefined
    try {
      return await perform(...args)
    } catch (cause) {
      if (!(cause instanceof ApiError)) throw cause
      error.value = cause
      return undefined
    } finally {
      isRunning.value = false
    }
  }

  function reset(): void {
    error.value = undefined
  }

  return { isRunning: readonly(isRunning), error: shallowReadonly(error), run, reset }
}
