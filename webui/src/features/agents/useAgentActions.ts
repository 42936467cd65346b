import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, read } from '../../api/client'
import { useAction } from '../../composables/useAction'
import { useConfirm } from '../../composables/useConfirm'
import { useToasts } from '../../composables/useToasts'
import type { AgentStatus } from '../../vocabulary'

interface Agent {
  id: string
  name: string
}

/** What an admin does with an agent, beside editing it. */
export function useAgentActions() {
  const { t } = useI18n()
  const { confirm } = useConfirm()
  const { toast } = useToasts()
  const key = ref<{ name: string; key: string }>()

  /** Resolves with whether it was done. */
  const { run, isRunning, error } = useAction((perform: () => Promise<boolean>) => perform())

  function setStatus(agent: Agent, status: AgentStatus): Promise<boolean | undefined> {
    return run(async () => {
      const text = { title: t('agents.disableTitle', { name: agent.name }), text: t('agents.disableText'), action: t('agents.disable') }
      if (status === 'disabled' && !(await confirm({ ...text, isDangerous: true }))) return false
      const params = { path: { agent_id: agent.id } }
      await read(api.PUT('/api/admin/agents/{agent_id}/status', { params, body: { status } }))
      return true
    })
  }

  function resetKey(agent: Agent): Promise<boolean | undefined> {
    return run(async () => {
      const text = { title: t('agents.resetTitle', { name: agent.name }), text: t('agents.resetText'), action: t('agents.resetKey') }
      if (!(await confirm({ ...text, isDangerous: true }))) return false
      const params = { path: { agent_id: agent.id } }
      const { new_api_key } = await read(api.POST('/api/admin/agents/{agent_id}/reset-key', { params }))
      key.value = { name: agent.name, key: new_api_key }
      return true
    })
  }

  function remove(agent: Agent): Promise<boolean | undefined> {
    return run(async () => {
      const params = { path: { agent_id: agent.id } }
      const counts = await read(api.GET('/api/admin/agents/{agent_id}/related-counts', { params }))
      const isSure = await confirm({
        title: t('agents.deleteTitle', { name: agent.name }),
        text: t('agents.deleteText', {
          subTasks: counts.sub_task_count,
          reviews: counts.review_count,
          scores: counts.reward_count,
          logs: counts.activity_count,
        }),
        action: t('agents.delete'),
        isDangerous: true,
        typed: agent.name,
      })
      if (!isSure) return false
      await read(api.DELETE('/api/admin/agents/{agent_id}', { params, body: { confirm_name: agent.name } }))
      toast(t('agents.deleted', { name: agent.name }))
      return true
    })
  }

  return { key, isRunning, error, setStatus, resetKey, remove }
}
