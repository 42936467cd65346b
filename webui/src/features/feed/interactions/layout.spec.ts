import { expect, test } from 'vitest'
import { NODE_HEIGHT, placesOf } from './layout'

test('a step without anybody takes no room, and a short column stands in the middle', () => {
  const party = (id: string, step: number) => ({ id, name: id, step })
  const places = placesOf([party('rui', 4), party('admin', 0), party('eli', 4)], [])
  expect(places.get('admin')?.column).toBe(0)
  expect(places.get('rui')?.column).toBe(1)
  const [first, second] = [places.get('rui')?.y ?? 0, places.get('eli')?.y ?? 0]
  expect(second - first).toBeGreaterThan(NODE_HEIGHT)
  expect(places.get('admin')?.y).toBe((first + second) / 2)
})

test('who works with whom stands beside it', () => {
  const party = (id: string, step: number) => ({ id, name: id, step })
  const parties = [party('a', 1), party('b', 1), party('for-b', 2), party('for-a', 2)]
  const places = placesOf(parties, [{ from: 'a', to: 'for-a' }, { from: 'for-b', to: 'b' }])
  expect(places.get('for-a')?.y).toBe(places.get('a')?.y)
  expect(places.get('for-b')?.y).toBe(places.get('b')?.y)
})

test('without anybody there is nothing', () => {
  expect(placesOf([], []).size).toBe(0)
})
