import { expect, test } from 'vitest'
import { chooseLocale } from './i18n'
import { en } from './locales/en'
import { zhCN } from './locales/zh-CN'

test.each([
  { chosen: null, preferred: ['zh-Hans-CN', 'en'], locale: 'zh-CN' },
  { chosen: null, preferred: ['zh'], locale: 'zh-CN' },
  { chosen: null, preferred: ['de-DE', 'en-GB', 'zh-CN'], locale: 'en' },
  { chosen: null, preferred: ['fr'], locale: 'en' },
  { chosen: null, preferred: [], locale: 'en' },
  { chosen: 'zh-CN', preferred: ['en'], locale: 'zh-CN' },
  { chosen: 'klingon', preferred: ['zh-CN'], locale: 'zh-CN' },
])('$chosen before $preferred gives $locale', ({ chosen, preferred, locale }) => {
  expect(chooseLocale(chosen, preferred)).toBe(locale)
})

test('translations fill in the same values', () => {
  expect(placeholders(zhCN)).toEqual(placeholders(en))
})

function placeholders(messages: object, path = ''): Record<string, string[]> {
  return Object.entries(messages).reduce<Record<string, string[]>>((all, [key, value]: [string, unknown]) => {
    const at = `${path}.${key}`
    if (typeof value === 'object' && value !== null) return { ...all, ...placeholders(value, at) }
    return { ...all, [at]: (String(value).match(/\{\w+\}/g) ?? []).sort() }
  }, {})
}
