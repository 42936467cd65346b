import { expect, test } from 'vitest'
import { bodyOf, draftOf, isSame, newPolicyDraft } from './policy'

const own = { require_module: true, require_description: null, require_deliverable: false, require_acceptance: null, approvals: 2 }

test('what a task has of its own comes back as it was, and the rest is left to the settings', () => {
  expect(bodyOf(draftOf(own))).toEqual(own)
  expect(Object.values(bodyOf(newPolicyDraft()))).toEqual([null, null, null, null, null])
})

test('a change is told from none', () => {
  expect(isSame(draftOf(own), draftOf({ ...own }))).toBe(true)
  expect(isSame(draftOf(own), { ...draftOf(own), approvals: '' })).toBe(false)
})
