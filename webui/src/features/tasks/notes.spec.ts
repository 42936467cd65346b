import { expect, test } from 'vitest'
import { lastPages } from './notes'

test.each([
  { count: 0, wanted: 1, pages: [1] },
  { count: 50, wanted: 1, pages: [1] },
  { count: 51, wanted: 1, pages: [2] },
  { count: 160, wanted: 2, pages: [3, 4] },
  { count: 60, wanted: 9, pages: [1, 2] },
])('of $count the last $wanted pages are $pages', ({ count, wanted, pages }) => {
  expect(lastPages(count, 50, wanted)).toEqual(pages)
})
