import { computed, type WritableComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

/** The open tab of a page, kept in the address. What the address says about one tab is not about another. */
export function useUrlTab<K extends string>(keys: readonly [K, ...K[]]): WritableComputedRef<K, string> {
  const route = useRoute()
  const router = useRouter()
  const [first] = keys

  return computed({
    get: () => keys.find((key) => key === route.query['view']) ?? first,
    set: (view) => void router.replace({ query: view === first ? {} : { view } }),
  })
}
