import { computed, type ComputedRef, type WritableComputedRef } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Schemas } from '../../api/client'
import { useUrlState } from '../../composables/useUrlState'
import { LOCALES } from '../../i18n'

export type Language = Schemas['Language']

export const LANGUAGES = Object.entries(LOCALES).map(([value, label]) => ({ value, label }))

/** In which language the texts are that the page is about: the dashboard's own, unless the address says another. */
export function useLanguage(): { lang: ComputedRef<Language>; model: WritableComputedRef<string> } {
  const { locale } = useI18n()
  const { state, set } = useUrlState({ lang: '' })
  const lang = computed(() => (LANGUAGES.some(({ value }) => value === state.value.lang) ? state.value.lang : locale.value) as Language)
  return { lang, model: computed({ get: () => lang.value, set: (chosen) => set({ lang: chosen }) }) }
}
