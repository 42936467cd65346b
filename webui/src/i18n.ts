import { watch } from 'vue'
import { createI18n } from 'vue-i18n'
import { en } from './locales/en'
import { zhCN } from './locales/zh-CN'

export type Messages = typeof en

/** Each message by its path, such as `subTaskStatus.done`. */
export type MessageKey = Leaves<Messages>

type Leaves<T> = {
  [K in keyof T & string]: T[K] extends string ? K : `${K}.${Leaves<T[K]>}`
}[keyof T & string]

export const LOCALES = { en: 'English', 'zh-CN': '简体中文' } as const

export type Locale = keyof typeof LOCALES

const STORAGE_KEY = 'openmoss.locale'

export function createDashboardI18n(locale: Locale) {
  return createI18n({
    legacy: false,
    locale,
    fallbackLocale: 'en',
    messages: { en, 'zh-CN': zhCN },
    datetimeFormats: { en: DATE_TIME, 'zh-CN': DATE_TIME },
    numberFormats: { en: NUMBER, 'zh-CN': NUMBER },
  })
}

const DATE_TIME = {
  time: { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
} as const

const NUMBER = {
  count: { maximumFractionDigits: 0 },
  delta: { maximumFractionDigits: 0, signDisplay: 'exceptZero' },
} as const

/** The language chosen here before, else the first of the browser's that there is a translation for. */
export function chooseLocale(chosen: string | null, preferred: readonly string[]): Locale {
  if (isLocale(chosen)) return chosen
  for (const tag of preferred) {
    const language = tag.toLowerCase().split('-')[0]
    if (language === 'en') return 'en'
    if (language === 'zh') return 'zh-CN'
  }
  return 'en'
}

export function startLocale(): Locale {
  return chooseLocale(localStorage.getItem(STORAGE_KEY), navigator.languages)
}

/** Keeps the document's language true, and remembers a change of it. */
export function followLocale(locale: { value: string }): void {
  document.documentElement.lang = locale.value
  watch(
    () => locale.value,
    (value) => {
      document.documentElement.lang = value
      localStorage.setItem(STORAGE_KEY, value)
    },
  )
}

function isLocale(value: string | null): value is Locale {
  return value !== null && Object.hasOwn(LOCALES, value)
}
