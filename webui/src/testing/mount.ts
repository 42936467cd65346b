import { enableAutoUnmount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { createDashboardI18n, type Locale } from '../i18n'
import { en } from '../locales/en'
import { zhCN } from '../locales/zh-CN'

enableAutoUnmount(afterEach)
beforeEach(() => setActivePinia(createPinia()))

const MESSAGES = { en, 'zh-CN': zhCN }

/** What a component needs around it, in one language. */
export function surroundings(locale: Locale = 'en') {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/:path(.*)*', component: { template: '' } }],
  })
  const plugins = tuple(createPinia(), createDashboardI18n(locale, MESSAGES[locale]), router)
  return { plugins }
}

function tuple<T extends unknown[]>(...items: T): T {
  return items
}
