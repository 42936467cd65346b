import { computed, type WritableComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

export type UrlState = Record<string, string | undefined>

/**
 * The view's state, kept in the address: filters, sort order, page, the open tab. A value that is
 * the default is left out of the address. Setting anything but `page` goes back to the first page.
 */
export function useUrlState<D extends UrlState>(defaults: D) {
  const route = useRoute()
  const router = useRouter()

  const state = computed<D>(() => {
    const entries = Object.entries(defaults).map(([key, value]) => [key, textOf(route.query[key]) ?? value])
    return Object.fromEntries(entries) as D
  })

  function set(changes: Partial<D>): void {
    const all: UrlState = { ...state.value, ...changes }
    if (!('page' in changes) && 'page' in defaults) all['page'] = defaults['page']
    const kept = Object.entries(all).filter(([key, value]) => value !== '' && value !== defaults[key])
    const others = Object.entries(route.query).filter(([key]) => !(key in defaults))
    void router.replace({ query: Object.fromEntries([...others, ...kept]) })
  }

  /** One value, for `v-model`. */
  function model<K extends keyof D>(key: K): WritableComputedRef<D[K]> {
    return computed({
      get: () => state.value[key],
      set: (value) => set({ [key]: value } as unknown as Partial<D>),
    })
  }

  return { state, set, model }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
