import { computed, reactive, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRouter } from 'vue-router'
import { api, read } from '../../api/client'
import { useAction } from '../../composables/useAction'
import { useConfirm } from '../../composables/useConfirm'
import { useQuery } from '../../composables/useQuery'
import { useToasts } from '../../composables/useToasts'
import type { Role } from '../../vocabulary'
import type { Language } from './useLanguage'

/** An agent's prompt, what somebody is making of it, and what else can be done with it. */
export function usePrompt(slug: () => string, lang: () => Language) {
  const { t } = useI18n()
  const router = useRouter()
  const { confirm } = useConfirm()
  const { toast } = useToasts()
  const draft = reactive({ name: '', role: '', description: '', template: true, content: '' })

  const params = computed(() => ({ path: { slug: slug() }, query: { lang: lang() } }))
  const query = useQuery(
    (signal) => read(api.GET('/api/admin/prompts/agents/{slug}', { params: params.value, signal })),
    { watch: () => params.value, isKept: false },
  )
  const { data } = query

  const isDirty = computed(() => {
    const found = data.value
    return found !== undefined && (Object.keys(draft) as (keyof typeof draft)[]).some((key) => draft[key] !== found[key])
  })
  watch(data, reset)

  function reset(): void {
    if (data.value === undefined) return
    const { name, role, description, template, content } = data.value
    Object.assign(draft, { name, role, description, template, content })
  }

  const saving = useAction(async () => {
    const { role, ...texts } = draft
    const body = { ...texts, ...(role === '' ? {} : { role: role as Role }) }
    const written = await read(api.PUT('/api/admin/prompts/agents/{slug}', { params: params.value, body }))
    toast(t('prompts.saved'))
    query.patch((found) => ({ ...found, ...draft, ...written }))
    if (written.slug === slug()) return query.refresh()
    await router.replace({ name: 'prompt', params: { slug: written.slug }, query: router.currentRoute.value.query })
  })

  const removing = useAction(async () => {
    const question = { title: t('prompts.deleteTitle', { name: data.value?.name ?? '' }), text: t('prompts.deleteText'), action: t('prompts.delete') }
    if (!(await confirm({ ...question, isDangerous: true }))) return
    await read(api.DELETE('/api/admin/prompts/agents/{slug}', { params: params.value }))
    toast(t('prompts.deleted'))
    reset()
    await router.replace({ name: 'prompts' })
  })

  return { ...query, draft, isDirty, reset, saving, removing }
}
