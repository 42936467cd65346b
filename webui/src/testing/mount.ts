import { enableAutoUnmount } from '@vue/test-utils'
import { afterEach } from 'vitest'
import { createDashboardI18n, type Locale } from '../i18n'

enableAutoUnmount(afterEach)

/** What a component needs around it, in one language. */
export function surroundings(locale: Locale = 'en') {
  return { plugins: [createDashboardI18n(locale)] }
}
