import { inject, type InjectionKey } from 'vue'
import { changeLocale, type DashboardI18n, type Locale } from '../i18n'

export const i18nKey: InjectionKey<DashboardI18n> = Symbol('i18n')

export function useLocale(): { setLocale: (locale: Locale) => Promise<void> } {
  const i18n = inject(i18nKey)
  return {
    setLocale: async (locale) => {
      if (i18n !== undefined) await changeLocale(i18n, locale)
    },
  }
}
