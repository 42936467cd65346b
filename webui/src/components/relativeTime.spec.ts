import { expect, test } from 'vitest'
import { createDashboardI18n } from '../i18n'
import { en } from '../locales/en'
import { zhCN } from '../locales/zh-CN'
import { relativeTime } from './relativeTime'

const now = Date.parse('2026-03-01T12:00:00Z')
const english = createDashboardI18n('en', en).global
const chinese = createDashboardI18n('zh-CN', zhCN).global

test.each([
  ['2026-03-01T11:59:00Z', '1 min ago', '1分钟前'],
  ['2026-03-01T09:01:00Z', '2 h ago', '2小时前'],
  ['2026-02-28T11:00:00Z', 'yesterday', '昨天'],
  ['2026-02-09T12:00:00Z', '20 days ago', '20天前'],
  ['2025-12-28T12:00:00Z', '2 mo ago', '2个月前'],
  ['2024-02-28T12:00:00Z', '2 yr ago', '2年前'],
  ['2026-03-01T12:20:30Z', 'in 20 min', '20分钟后'],
  ['2026-03-02T12:00:00Z', 'tomorrow', '明天'],
])('%s reads "%s" and "%s"', (at, inEnglish, inChinese) => {
  const { message, count } = relativeTime(Date.parse(at), now) ?? {}
  if (message === undefined || count === undefined) throw new Error('no text')
  expect(english.t(message, count)).toBe(inEnglish)
  expect(chinese.t(message, count)).toBe(inChinese)
})

test.each(['2026-03-01T11:59:31Z', '2026-03-01T12:00:59Z'])('%s is now', (at) => {
  expect(relativeTime(Date.parse(at), now)).toBeUndefined()
})
