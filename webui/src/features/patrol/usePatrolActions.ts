import { ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, read, type Schemas } from '../../api/client'
import { useAction } from '../../composables/useAction'
import { useConfirm } from '../../composables/useConfirm'
import { useToasts } from '../../composables/useToasts'

export type PatrolRecord = Schemas['PatrolRecord']
export type PatrolAction = 'resolve' | 'ignore' | 'reopen'

/** What an admin may do with a record in each status. */
export const ACTIONS: Record<PatrolRecord['status'], readonly PatrolAction[]> = {
  open: ['resolve', 'ignore'],
  ignored: ['resolve', 'reopen'],
  resolved: ['reopen'],
}

export interface Asked {
  record: PatrolRecord
  action: Exclude<PatrolAction, 'reopen'>
}

/** Actions on patrol records; `changed` is called after each. */
export function usePatrolActions(changed: () => Promise<void>) {
  const { t, te } = useI18n()
  const { confirm } = useConfirm()
  const { toast } = useToasts()
  /** PatrolCloseDialog.vue asks what was done. */
  const asked = shallowRef<Asked>()
  /** Grows with each action. */
  const changes = ref(0)

  const { run, error } = useAction(async (record: PatrolRecord) => {
    await read(api.POST('/api/patrol-records/{record_id}/reopen', { params: { path: { record_id: record.id } } }))
    await done('reopen')
  })

  /** The server looks round by itself from time to time, and now. */
  const look = useAction(async () => {
    const round = await read(api.POST('/api/admin/patrol/run'))
    toast(t('patrol.looked', { ...round }))
    await changed()
  })

  async function begin(record: PatrolRecord, action: PatrolAction): Promise<void> {
    if (action !== 'reopen') {
      asked.value = { record, action }
      return
    }
    const question = { title: t('patrol.reopenTitle'), text: t('patrol.reopenText'), action: t('patrol.action.reopen') }
    if (await confirm(question)) await run(record)
  }

  async function done(action: PatrolAction): Promise<void> {
    close()
    changes.value += 1
    toast(t(`patrol.done.${action}`))
    await changed()
  }

  function close(): void {
    asked.value = undefined
  }

  /** What the server looks for has a name in each language; agents have words of their own. */
  function kindText(kind: string): string {
    const key = `patrol.kind.${kind}`
    return te(key) ? t(key) : kind
  }

  return { asked, changes, error, look, begin, done, close, kindText }
}
