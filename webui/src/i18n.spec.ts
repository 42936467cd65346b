import { expect, test } from 'vitest'
import { chooseLocale, createDashboardI18n } from './i18n'
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

test.each([
  ['en', 0, '0'],
  ['en', 999, '999'],
  ['en', 1000, '1,000'],
  ['en', -5, '-5'],
  ['zh-CN', 1_234_567, '1,234,567'],
] as const)('in %s the count %d is %s', (locale, value, text) => {
  const { n } = createDashboardI18n(locale, locale === 'en' ? en : zhCN).global
  expect(n(value, 'count')).toBe(text)
  expect(n(0.5, 'percent')).toBe('50%')
})

test.each([
  [0, '0'],
  [7, '+7'],
  [-12, '-12'],
  [1234, '+1,234'],
  [-1234, '-1,234'],
])('the change %d is %s', (value, text) => {
  expect(createDashboardI18n('en', en).global.n(value, 'delta')).toBe(text)
  expect(createDashboardI18n('zh-CN', zhCN).global.n(value, 'delta')).toBe(text)
})

test('a text is shown with what is filled in, and as it stands where nothing is', () => {
  const { t } = createDashboardI18n('en', en).global
  expect(t('table.range', { from: '1', to: '20', total: '50' })).toBe(en.table.range.replace('{from}', '1').replace('{to}', '20').replace('{total}', '50'))
  expect(t('common.justNow')).toBe(en.common.justNow)
})

const english = leaves(en)
const chinese = leaves(zhCN)

const sources = Object.entries(
  import.meta.glob<string>(['./**/*.{vue,ts}', '!./**/*.spec.ts', '!./locales/**', '!./**/*.gen.ts'], {
    query: '?raw',
    import: 'default',
    eager: true,
  }),
)

test('each language has each text', () => {
  expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort())
  expect([...english, ...chinese].filter(([, text]) => text.trim() === '')).toEqual([])
})

test('translations fill in the same values', () => {
  for (const [key, text] of english) expect([key, placeholders(chinese.get(key))]).toEqual([key, placeholders(text)])
})

test('no text of the one language stands in the files of the other', () => {
  expect([...english].filter(([, text]) => /\p{Script=Han}/u.test(text))).toEqual([])
})

test('each text that is asked for is there', () => {
  const asked = sources.flatMap(([file, source]) =>
    [...source.matchAll(/\bt\(\s*'([\w.-]+)'/g)].map((match) => ({ file, key: match[1] ?? '' })),
  )
  expect(asked.length).toBeGreaterThan(30)
  expect(asked.filter(({ key }) => !english.has(key))).toEqual([])
})

test('each text is asked for', () => {
  const all = sources.map(([, source]) => source).join('\n')
  // `t(`group.${name}`)` asks for all texts of the group.
  const groups = [...all.matchAll(/`([\w.]+\.)\$\{/g)].map((match) => match[1] ?? '')
  const unused = [...english.keys()].filter(
    (key) => !all.includes(`'${key}'`) && !groups.some((group) => key.startsWith(group)),
  )
  expect(unused).toEqual([])
})

function placeholders(text: string | undefined): string[] {
  return (text?.match(/\{\w+\}/g) ?? []).sort()
}

function leaves(messages: object, path = ''): Map<string, string> {
  return new Map(
    Object.entries(messages).flatMap(([key, value]: [string, unknown]): [string, string][] => {
      if (typeof value === 'object' && value !== null) return [...leaves(value, `${path}${key}.`)]
      return [[`${path}${key}`, String(value)]]
    }),
  )
}
