import { expect, test } from 'vitest'
import { excerpt } from './excerpt'

test.each([
  ['# Goal\n\nA price in **July**, by `line`.\n- [Nordline](https://example.com)\n1. Baltia', 'Goal A price in July, by line. Nordline Baltia'],
  ['2 * 3 - 1 is five; snake_case stays', '2 * 3 - 1 is five; snake_case stays'],
  ['', ''],
])('%j begins with %j', (text, start) => {
  expect(excerpt(text)).toBe(start)
})
