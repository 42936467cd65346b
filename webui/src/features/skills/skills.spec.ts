import { expect, test } from 'vitest'
import { inOrder, isMarkdown, roleOfSkill, sizeText } from './skills'

test('the skill of a role is known by its name', () => {
  expect(['task-executor-skill', 'task-admin-skill', 'wordpress-skill', 'my-task-executor-skill'].map(roleOfSkill)).toEqual([
    'executor',
    undefined,
    undefined,
    undefined,
  ])
})

test('SKILL.md comes first', () => {
  const files = ['references/b.md', 'a.py', 'SKILL.md', 'references/a.md'].map((path) => ({ path }))
  expect(inOrder(files).map(({ path }) => path)).toEqual(['SKILL.md', 'a.py', 'references/a.md', 'references/b.md'])
})

test('Markdown is known by the end of its name', () => {
  expect(['SKILL.md', 'a.MD', 'md', 'a.md.py'].map(isMarkdown)).toEqual([true, true, false, false])
})

test.each([
  [0, '0 byte'],
  [812, '812 byte'],
  [20_480, '20 kB'],
  [1_572_864, '1.5 MB'],
])('%i bytes are %s', (bytes, text) => {
  expect(sizeText(bytes, 'en')).toBe(text)
})
