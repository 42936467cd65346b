import { expect, test } from 'vitest'
import { readDelta } from './delta'

test.each([
  ['5', 5],
  [' +5 ', 5],
  ['-3', -3],
  ['−3', -3],
  ['0', undefined],
  ['-0', undefined],
  ['', undefined],
  ['1.5', undefined],
  ['1e3', undefined],
  ['--2', undefined],
  ['12345678', undefined],
])('"%s" is %s', (text, delta) => {
  expect(readDelta(text)).toBe(delta)
})
