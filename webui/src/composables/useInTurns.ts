import { computed, onScopeDispose, ref, watch, type ComputedRef } from 'vue'

/**
 * As much of a list as was drawn up to now, at first `size` rows. As many follow in each task of its own: in between, a
 * slow phone answers.
 */
export function useInTurns<T>(rows: () => readonly T[] | undefined, size = 8): ComputedRef<readonly T[] | undefined> {
  const count = ref(size)
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(
    [() => rows()?.length ?? 0, count],
    ([length]) => {
      clearTimeout(timer)
      if (length > count.value) timer = setTimeout(() => (count.value += size))
    },
    { immediate: true },
  )
  onScopeDispose(() => clearTimeout(timer))
  return computed(() => rows()?.slice(0, count.value))
}
