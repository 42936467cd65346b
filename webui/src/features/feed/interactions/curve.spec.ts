import { expect, test } from 'vitest'
import { curve } from './curve'

test('a line between columns is level at both ends, its label on the way', () => {
  const { path, label } = curve({ x: 0, y: 0 }, { x: 100, y: 40 }, 0.5)
  expect(path).toBe('M0,0 C50,0 50,40 100,40')
  expect(label).toEqual({ x: 50, y: 20 })
  expect(curve({ x: 0, y: 0 }, { x: 100, y: 40 }, 0).label).toEqual({ x: 0, y: 0 })
})

test('a line that passes others goes around them, one way above and the other below', () => {
  const [left, right] = [{ x: 0, y: 50 }, { x: 400, y: 50 }]
  expect(curve(left, right, 0.5, 1).label.y).toBeLessThan(0)
  expect(curve(right, left, 0.5, 1).label.y).toBeGreaterThan(100)
})

test('a line in a column stands out to the right', () => {
  expect(curve({ x: 10, y: 0 }, { x: 10, y: 80 }, 0.5).label.x).toBeGreaterThan(40)
})
