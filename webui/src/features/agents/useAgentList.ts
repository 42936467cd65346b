import { computed } from 'vue'
import { useQuery } from '../../composables/useQuery'
import { useUrlState } from '../../composables/useUrlState'
import { useEvents } from '../../stores/live'

export const PAGE_SIZE = 20

interface Place {
  path: { agent_id: string }
  query: { page: number; page_size: number }
}

/** A page of one of the lists about an agent; which page is in the address. */
export function useAgentList<T>(agentId: () => string, load: (params: Place, signal: AbortSignal) => Promise<T>) {
  const { state, set } = useUrlState({ page: '1' })
  const params = computed(() => ({
    path: { agent_id: agentId() },
    query: { page: Number(state.value.page), page_size: PAGE_SIZE },
  }))
  const query = useQuery((signal) => load(params.value, signal), { watch: () => params.value })
  useEvents((events) => {
    if (events.some((event) => event.agent_id === agentId() || event.actor.id === agentId())) query.refreshSoon()
  })
  return { ...query, toPage: (page: number) => set({ page: String(page) }) }
}
