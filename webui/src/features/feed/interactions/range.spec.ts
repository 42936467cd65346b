import { expect, test } from 'vitest'
import { json, serve, type Routes } from '../../../testing/server'
import { loadSince, PAGE, PAGES_MAX } from './range'

const signal = new AbortController().signal
const event = (seq: number) => ({ seq, at: new Date(seq * 1000).toISOString() })
const page = (before: number) => `GET /api/events?before=${before}&limit=${PAGE}`

test('it reads back to where the range begins, and no further', async () => {
  const looked: number[] = []
  const requests = serve({
    [page(0)]: () => json({ items: [event(9), event(8)], has_more: true }),
    [page(8)]: () => json({ items: [event(7), event(6)], has_more: true }),
  })
  const { events, isWhole } = await loadSince(7_000, signal, (count) => looked.push(count))
  expect(events.map(({ seq }) => seq)).toEqual([7, 8, 9])
  expect(isWhole).toBe(true)
  expect(looked).toEqual([2, 3])
  expect(requests).toHaveLength(2)
})

test('an empty log is a whole one', async () => {
  serve({ [page(0)]: () => json({ items: [], has_more: false }) })
  expect(await loadSince(0, signal, () => undefined)).toEqual({ events: [], isWhole: true })
})

test('a long range is cut, and says so', async () => {
  const first = PAGES_MAX + 1
  const routes: Routes = Object.fromEntries(
    Array.from({ length: PAGES_MAX }, (_, index) => {
      const before = index === 0 ? 0 : first - index
      return [page(before), () => json({ items: [event(first - index - 1)], has_more: true })]
    }),
  )
  const requests = serve(routes)
  const { events, isWhole } = await loadSince(0, signal, () => undefined)
  expect([events.length, isWhole, requests.length]).toEqual([PAGES_MAX, false, PAGES_MAX])
})
