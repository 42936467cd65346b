import { onScopeDispose, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { onBeforeRouteLeave, onBeforeRouteUpdate } from 'vue-router'
import { useConfirm } from './useConfirm'

/**
 * Asks before somebody leaves or reloads a page with something on it that was not saved. A page stays when only the
 * query of its address changes, unless that is one of `parameters`: they say what is edited.
 */
export function useUnsaved(isDirty: Readonly<Ref<boolean>>, parameters: readonly string[] = []): void {
  const { t } = useI18n()
  const { confirm } = useConfirm()

  async function mayLeave(): Promise<boolean> {
    if (!isDirty.value) return true
    return confirm({ title: t('unsaved.title'), text: t('unsaved.text'), action: t('unsaved.leave'), isDangerous: true })
  }

  function onUnload(event: BeforeUnloadEvent): void {
    if (isDirty.value) event.preventDefault()
  }

  onBeforeRouteLeave(mayLeave)
  onBeforeRouteUpdate((to, from) => {
    const isSame = to.path === from.path && parameters.every((name) => to.query[name] === from.query[name])
    return isSame || mayLeave()
  })
  window.addEventListener('beforeunload', onUnload)
  onScopeDispose(() => window.removeEventListener('beforeunload', onUnload))
}
