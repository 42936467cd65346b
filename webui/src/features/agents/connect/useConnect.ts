import { computed, reactive, ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, read, type Schemas } from '../../../api/client'
import { useAction } from '../../../composables/useAction'
import { useQuery } from '../../../composables/useQuery'
import { useUrlState } from '../../../composables/useUrlState'
import type { Role } from '../../../vocabulary'

export type Runtime = Schemas['Runtime']

/** What wakes the agent: a timer on its machine, the server, or whoever starts it. */
export type Waker = 'timer' | 'server' | 'nobody'

export interface How {
  runtime: Runtime
  waker: Waker
  everyMinutes: string
  directory: string
}

const EVERY_MINUTES = 10

/** The wizard's answers, and the calls that make the agent and its command. */
export function useConnect() {
  const { locale } = useI18n()
  // Whom it is about is in the address: after a reload, or from the agent's own page, it goes on with that one.
  const { state, set } = useUrlState({ agent: '' })
  const agentId = computed(() => state.value.agent)

  const who = reactive({ name: '', role: 'executor', description: '' })
  const how = reactive<How>({ runtime: 'claude_code', waker: 'timer', everyMinutes: String(EVERY_MINUTES), directory: '' })
  const made = ref<Schemas['OnboardingCommand']>()

  const agent = useQuery(
    (signal) => read(api.GET('/api/admin/agents/{agent_id}', { params: { path: { agent_id: agentId.value } }, signal })),
    { watch: () => agentId.value, isEnabled: () => agentId.value !== '', isKept: false },
  )

  const creating = useAction(async () => {
    const body = { name: who.name.trim(), role: who.role as Role, description: who.description }
    // The answer holds a key, which nobody needs: the command gets another one where it is run.
    const { id } = await read(api.POST('/api/admin/agents', { body }))
    set({ agent: id })
  })

  const making = useAction(async () => {
    const body = {
      runtime: how.runtime,
      wake_by: how.waker === 'timer' ? ('timer' as const) : ('nobody' as const),
      every_minutes: Number(how.everyMinutes),
      language: locale.value === 'zh-CN' ? ('zh-CN' as const) : ('en' as const),
      ...(how.directory.trim() === '' ? {} : { directory: how.directory.trim() }),
    }
    const params = { path: { agent_id: agentId.value } }
    made.value = await read(api.POST('/api/admin/agents/{agent_id}/onboarding', { params, body }))
  })

  return { agentId, agent, who, how, made, creating, making }
}
