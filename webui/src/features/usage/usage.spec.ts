import { expect, test } from 'vitest'
import { draftOf, readDraft, sharesOf, type Budget } from './budget'
import { dayOf, lastDays } from './days'

const sums = (input_tokens: number, cost: string) => ({ reports: 1, input_tokens, output_tokens: 5, cost })

test('days without a report are there, with nothing', () => {
  const days = lastDays([{ day: '2026-03-01', used: sums(10, '0.25') }], 3, '2026-03-02')
  expect(days.map(({ day, inputTokens, cost }) => [day, inputTokens, cost])).toEqual([
    ['2026-02-28', 0, 0],
    ['2026-03-01', 10, 0.25],
    ['2026-03-02', 0, 0],
  ])
})

test('where the server is further, its day is the last one', () => {
  const days = lastDays([{ day: '2026-03-03', used: sums(1, '1') }], 2, '2026-03-02')
  expect(days.map(({ day }) => day)).toEqual(['2026-03-02', '2026-03-03'])
  expect(dayOf(new Date(2026, 2, 9, 23, 59))).toBe('2026-03-09')
})

const budget = (limit: Budget['limit']): Budget => ({ own: { tokens: null, cost: '12.5' }, limit, used: sums(45, '2.5'), used_up: false })

test('only what is limited has a share', () => {
  expect(sharesOf(budget({ tokens: null, cost: null }))).toEqual([])
  expect(sharesOf(budget({ tokens: 200, cost: '2' }))).toEqual([
    { measure: 'tokens', used: 50, limit: 200, percent: 25 },
    { measure: 'cost', used: 2.5, limit: 2, percent: 125 },
  ])
})

test('an empty field leaves it to the settings, and 0 is no limit', () => {
  expect(draftOf(budget({ tokens: null, cost: null }))).toEqual({ tokens: '', cost: '12.5' })
  expect(readDraft({ tokens: ' ', cost: '0' })).toEqual({ tokens: null, cost: '0' })
  expect(readDraft({ tokens: '2000000', cost: '' })).toEqual({ tokens: 2_000_000, cost: null })
})

test.each([
  { tokens: '1.5', cost: '' },
  { tokens: '-1', cost: '' },
  { tokens: '', cost: '1,5' },
  { tokens: '', cost: '0.1234567' },
  { tokens: '', cost: 'much' },
])('$tokens and $cost mean nothing', (draft) => {
  expect(readDraft(draft)).toBeUndefined()
})
