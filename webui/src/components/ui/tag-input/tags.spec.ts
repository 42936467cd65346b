import { expect, test } from 'vitest'
import { withTags } from './tags'

test.each([
  { tags: [], text: ' careful ', all: ['careful'] },
  { tags: ['a'], text: 'b, c，d、e', all: ['a', 'b', 'c', 'd', 'e'] },
  { tags: ['Careful'], text: 'careful, , fast,FAST', all: ['Careful', 'fast'] },
  { tags: ['a'], text: '  ', all: ['a'] },
])('$tags with "$text" are $all', ({ tags, text, all }) => {
  expect(withTags(tags, text)).toEqual(all)
})
