import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, read } from '../api/client'
import type { Option } from '../components/ui/select'
import { useEvents } from '../stores/live'
import { useQuery } from './useQuery'

/** Everybody on the team, for names and to choose from. */
export function useTeam() {
  const { t } = useI18n()
  const { data, refreshSoon } = useQuery((signal) => read(api.GET('/api/agents', { signal })))
  useEvents((events) => {
    if (events.some(({ kind }) => kind.startsWith('agent_'))) refreshSoon()
  })

  const agents = computed(() => data.value ?? [])
  const agentNames = computed<ReadonlyMap<string, string>>(() => new Map(agents.value.map(({ id, name }) => [id, name])))
  /** Of those who chose one. */
  const avatars = computed<ReadonlyMap<string, string>>(
    () => new Map(agents.value.flatMap(({ id, avatar }) => (avatar === null ? [] : [[id, avatar] as const]))),
  )
  const agentOptions = computed<Option[]>(() => [
    { value: '', label: t('common.anyAgent') },
    ...agents.value.map(({ id, name }) => ({ value: id, label: name })),
  ])

  return { agents, agentNames, avatars, agentOptions }
}
