import { computed, type ComputedRef, type WritableComputedRef } from 'vue'
import type { Schemas } from '../../api/client'
import { useUrlState } from '../../composables/useUrlState'
import { LOCALES } from '../../i18n'

export type Language = Schemas['Language']

export const LANGUAGES = Object.entries(LOCALES).map(([value, label]) => ({ value, label }))

/** In which language the texts are that the page is about; it is in the address, and has nothing to do with the dashboard's own. */
export function useLanguage(): { lang: ComputedRef<Language>; model: WritableComputedRef<string> } {
  const { state, model } = useUrlState({ lang: 'en' })
  return { lang: computed(() => (state.value.lang === 'zh-CN' ? 'zh-CN' : 'en')), model: model('lang') }
}
