import { expect, test } from 'vitest'
import { slugOf } from './status'

test.each([
  ['Ada', 'ada'],
  ['Zoë  van Dyk', 'zoe-van-dyk'],
  ['--C++ (senior)', 'c-senior'],
  ['小明', ''],
  ['小明 2', '2'],
])('"%s" gets the file name "%s"', (name, slug) => {
  expect(slugOf(name)).toBe(slug)
})
