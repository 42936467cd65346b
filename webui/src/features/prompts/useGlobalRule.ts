import { computed } from 'vue'
import { api, read } from '../../api/client'
import { useQuery } from '../../composables/useQuery'

/** What every agent is told with each piece of work; there is one such rule at most. */
export function useGlobalRule() {
  const query = useQuery(async (signal) => {
    const rules = await read(api.GET('/api/rules/list', { params: { query: { scope: 'global' } }, signal }))
    return { rule: rules[0] }
  })
  return { ...query, rule: computed(() => query.data.value?.rule) }
}
