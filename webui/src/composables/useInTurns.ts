import { computed, onScopeDispose, ref, watch, type ComputedRef } from 'vue'

/** Rows that are drawn in one task: on a phone, they fill the screen. */
const ROWS = 8

/** As much of a list as was drawn up to now. The rest follows in tasks of its own: in between, a slow phone answers. */
export function useInTurns<T>(rows: () => readonly T[] | undefined): ComputedRef<readonly T[] | undefined> {
  const count = ref(ROWS)
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(
    [() => rows()?.length ?? 0, count],
    ([length]) => {
      clearTimeout(timer)
      if (length > count.value) timer = setTimeout(() => (count.value += ROWS))
    },
    { immediate: true },
  )
  onScopeDispose(() => clearTimeout(timer))
  return computed(() => rows()?.slice(0, count.value))
}
