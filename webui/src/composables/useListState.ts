import { computed, type WritableComputedRef } from 'vue'
import type { Sort } from '../components/table/columns'
import { keysOf } from '../lib/keys'
import { useUrlState, type UrlState } from './useUrlState'

const PAGE_SIZE = 25

/**
 * A list's filters, order and page, kept in the address. `sortBy` is the order that it begins with;
 * `others` is what else the page keeps there, such as what is open over the list.
 */
export function useListState<F extends Record<string, string>, B extends string, O extends UrlState>(filters: F, sortBy: B, others: O) {
  const defaults = { ...others, ...filters, sort_by: sortBy as string, sort_order: 'desc', page: '1' }
  const { state, set, model } = useUrlState<UrlState>(defaults)

  const values = computed(() => state.value as typeof defaults)
  const models = Object.fromEntries(keysOf(filters).map((key) => [key, model(key as string)])) as { [K in keyof F]: WritableComputedRef<string> }
  const page = computed(() => ({ page: Number(values.value.page), page_size: PAGE_SIZE }))
  const sort = computed<Sort>(() => ({ by: values.value.sort_by, order: values.value.sort_order === 'asc' ? 'asc' : 'desc' }))
  const isFiltered = computed(() => keysOf(filters).some((key) => state.value[key as string] !== filters[key]))

  function showAll(): void {
    set(filters)
  }

  /** Opens something over the list, which stays at its page. */
  function open(changes: Partial<O>): void {
    set({ ...changes, page: values.value.page })
  }

  /** What a `DataTable` has to know, for `v-bind`. */
  const table = computed(() => ({
    sort: sort.value,
    onSort: ({ by, order }: Sort) => set({ sort_by: by, sort_order: order }),
    onPage: (to: number) => set({ page: String(to) }),
  }))

  return { state: values, set, models, page, sort, table, isFiltered, showAll, open }
}
