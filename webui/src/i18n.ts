import { compile, type MessageCompiler, type ResourceNode } from '@intlify/core-base'
import { createI18n } from 'vue-i18n'
import type { en } from './locales/en'

export type Messages = typeof en

/** What a translation must have: the same paths. */
export type Translation<T = Messages> = {
  [K in keyof T]: T[K] extends string ? string : Translation<T[K]>
}

/** Each message by its path, such as `subTaskStatus.done`. */
export type MessageKey = Leaves<Messages>

type Leaves<T> = {
  [K in keyof T & string]: T[K] extends string ? K : `${K}.${Leaves<T[K]>}`
}[keyof T & string]

export const LOCALES = { en: 'English', 'zh-CN': '简体中文' } as const

export type Locale = keyof typeof LOCALES

const LOADERS: Record<Locale, () => Promise<Translation>> = {
  en: async () => (await import('./locales/en')).en,
  'zh-CN': async () => (await import('./locales/zh-CN')).zhCN,
}

const STORAGE_KEY = 'openmoss.locale'

export type DashboardI18n = ReturnType<typeof createDashboardI18n>

/** Only the texts of the language that is shown are loaded; each language is complete. */
export function createDashboardI18n(locale: Locale, messages: Translation) {
  const i18n = createI18n({
    legacy: false,
    locale: locale as Locale,
    messages: { [locale]: messages } as Record<Locale, Translation>,
    datetimeFormats: { en: DATE_TIME, 'zh-CN': DATE_TIME },
    numberFormats: { en: NUMBER, 'zh-CN': NUMBER },
    messageCompiler,
  })
  const { n } = i18n.global
  i18n.global.n = ((value: number, ...how: [string]) => plainNumber(value, ...how) ?? n(value, ...how)) as typeof n
  return i18n
}

/**
 * A number that is written alike in every language here. Most are, and the browser's own formats take a phone a tenth of
 * a second at first use, which no page needs to show.
 */
function plainNumber(value: number, ...how: unknown[]): string | undefined {
  if (how.length !== 1 || !Number.isInteger(value) || Math.abs(value) >= 1000) return undefined
  if (how[0] === 'count' && value >= 0) return String(value)
  if (how[0] === 'delta') return value > 0 ? `+${value}` : String(value)
  return undefined
}

/** Most texts have nothing to fill in, and need not be looked through for it before the first page is shown. */
const messageCompiler: MessageCompiler<string, string | ResourceNode> = (message, context) =>
  typeof message === 'string' && !/[{}@|\\]/.test(message) ? () => message : compile(message, context)

const DATE_TIME = {
  time: { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  day: { month: 'short', day: 'numeric' },
  minute: { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' },
  exact: { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' },
} as const

const NUMBER = {
  count: { maximumFractionDigits: 0 },
  amount: { minimumFractionDigits: 2, maximumFractionDigits: 4 },
  compact: { notation: 'compact', maximumFractionDigits: 1 },
  delta: { maximumFractionDigits: 0, signDisplay: 'exceptZero' },
  percent: { style: 'percent', maximumFractionDigits: 0 },
} as const

export async function startI18n(): Promise<DashboardI18n> {
  const locale = chooseLocale(localStorage.getItem(STORAGE_KEY), navigator.languages)
  document.documentElement.lang = locale
  return createDashboardI18n(locale, await LOADERS[locale]())
}

/** Loads the language's texts, shows them and remembers the choice. */
export async function changeLocale(i18n: DashboardI18n, locale: Locale): Promise<void> {
  i18n.global.setLocaleMessage(locale, await LOADERS[locale]())
  i18n.global.locale.value = locale
  document.documentElement.lang = locale
  localStorage.setItem(STORAGE_KEY, locale)
}

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

function isLocale(value: string | null): value is Locale {
  return value !== null && Object.hasOwn(LOCALES, value)
}
