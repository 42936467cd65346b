import { computed, ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, read, type Schemas } from '../../../api/client'
import { useAction } from '../../../composables/useAction'
import { useConfirm } from '../../../composables/useConfirm'
import { useQuery } from '../../../composables/useQuery'
import { useToasts } from '../../../composables/useToasts'
import { bodyOf, draftOf, type WakeDraft, type WakeKind } from './wake'

/** Where an agent is woken, and what can be done about it. `firstKind` is how, while nothing is set. */
export function useWakeTarget(agentId: () => string, firstKind: () => WakeKind) {
  const { t } = useI18n()
  const { confirm } = useConfirm()
  const { toast } = useToasts()
  const draft = ref<WakeDraft>()
  const tested = ref<Schemas['TestResult']>()

  const params = computed(() => ({ path: { agent_id: agentId() } }))
  const target = useQuery((signal) => read(api.GET('/api/admin/agents/{agent_id}/wake', { params: params.value, signal })), {
    watch: agentId,
    isKept: false,
  })
  watch(target.data, (found) => (draft.value = found && draftOf(found, firstKind())))

  const saving = useAction(async (wanted: WakeDraft) => {
    tested.value = undefined
    await read(api.PUT('/api/admin/agents/{agent_id}/wake', { params: params.value, body: bodyOf(wanted) }))
    toast(t('wake.saved'))
    await target.refresh()
  })

  const testing = useAction(async () => {
    tested.value = undefined
    tested.value = await read(api.POST('/api/admin/agents/{agent_id}/wake/test', { params: params.value }))
  })

  const removing = useAction(async () => {
    const question = { title: t('wake.removeTitle'), text: t('wake.removeText'), action: t('wake.remove') }
    if (!(await confirm({ ...question, isDangerous: true }))) return
    await read(api.DELETE('/api/admin/agents/{agent_id}/wake', { params: params.value }))
    tested.value = undefined
    await target.refresh()
  })

  const errors = computed(() => [saving, testing, removing].flatMap(({ error }) => error.value ?? []))

  return { target, draft, tested, saving, testing, removing, errors }
}
