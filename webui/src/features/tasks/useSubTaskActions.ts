import { shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, read } from '../../api/client'
import { ApiError } from '../../api/problem'
import { useConfirm } from '../../composables/useConfirm'
import { useToasts } from '../../composables/useToasts'
import type { Action, SubTask } from './board'

/** What needs more than a yes: SubTaskActionDialog.vue asks for it. */
export type AskedAction = 'approve' | 'reject' | 'reassign' | 'block' | 'edit'

export interface Asked {
  subTask: SubTask
  action: AskedAction
}

const ASKED: readonly AskedAction[] = ['approve', 'reject', 'reassign', 'block', 'edit']

/** Actions of an admin on a sub-task. `changed` is called with the id of what one changed. */
export function useSubTaskActions(changed: (id: string) => Promise<void>) {
  const { t } = useI18n()
  const { confirm } = useConfirm()
  const { toast } = useToasts()
  const asked = shallowRef<Asked>()

  async function begin(subTask: SubTask, action: Action): Promise<void> {
    const withDialog = ASKED.find((one) => one === action)
    if (withDialog !== undefined) {
      asked.value = { subTask, action: withDialog }
      return
    }
    if (await isSure(subTask, action)) await send(subTask, action)
  }

  function isSure(subTask: SubTask, action: Action): Promise<boolean> {
    return confirm({
      title: t('tasks.sure', { action: t(`action.${action}`), name: subTask.name }),
      text: t(`actionText.${action}`),
      action: t(`action.${action}`),
      isDangerous: action === 'cancel',
    })
  }

  async function send(subTask: SubTask, action: Action): Promise<void> {
    const params = { path: { sub_task_id: subTask.id } }
    try {
      if (action === 'release') await read(api.POST('/api/sub-tasks/{sub_task_id}/release', { params }))
      else if (action === 'requeue') await read(api.POST('/api/sub-tasks/{sub_task_id}/requeue', { params }))
      else if (action === 'reopen') await read(api.POST('/api/sub-tasks/{sub_task_id}/reopen', { params }))
      else if (action === 'cancel') await read(api.POST('/api/sub-tasks/{sub_task_id}/cancel', { params }))
      else return
      await done(subTask)
    } catch (cause) {
      if (!(cause instanceof ApiError)) throw cause
      toast(cause.message, 'danger')
      await changed(subTask.id)
    }
  }

  async function done(subTask: SubTask): Promise<void> {
    close()
    toast(t('tasks.changed', { name: subTask.name }))
    await changed(subTask.id)
  }

  function close(): void {
    asked.value = undefined
  }

  return { asked, begin, done, close }
}
