import { expect, test } from 'vitest'
import { bodyOf, draftOf, isSchedule, newDraft, presetOf } from './schedule'

test('a preset is known by its fields', () => {
  expect(presetOf(' 0  9 * * 1-5 ')).toBe('workdays')
  expect(presetOf('5 9 * * 1-5')).toBeUndefined()
})

test.each([
  ['0 9 * * 1', true],
  [' 0 9  L * * ', true],
  ['', false],
  ['0 9 * *', false],
  ['every day', false],
])('"%s" may be a schedule: %s', (cron, may) => {
  expect(isSchedule(cron)).toBe(may)
})

test('what is edited comes back as it was', () => {
  const series = { cron: '0 9 1 * *', timezone: 'Asia/Shanghai', overlap: 'queue', catch_up: 'none' } as const
  const draft = draftOf(series as Parameters<typeof draftOf>[0])
  expect(bodyOf(draft)).toEqual(series)
  expect(bodyOf({ ...newDraft(), timezone: '' })).toMatchObject({ overlap: 'skip', catch_up: 'one', timezone: '' })
})
