import { expect, test } from 'vitest'
import { renderMarkdown, renderMarkdownFile, withFrontMatterAsCode } from './markdown'

test('front matter becomes a block of code, and nothing else does', () => {
  expect(withFrontMatterAsCode('---\nname: a\n---\n\n# B\n\n---\nend')).toBe('```yaml\nname: a\n```\n\n# B\n\n---\nend')
  expect(withFrontMatterAsCode('---\r\nname: a\r\n---\r\nb')).toBe('```yaml\nname: a\r\n```\nb')
  for (const none of ['# B\n---\nname: a\n---\n', '--- a ---', '']) expect(withFrontMatterAsCode(none)).toBe(none)
})

test('the lines of a file flow together, those of a field stay as they are', () => {
  const lines = (rendered: DocumentFragment) => rendered.querySelectorAll('br').length
  expect([lines(renderMarkdown('one\ntwo')), lines(renderMarkdownFile('one\ntwo'))]).toEqual([1, 0])
})
