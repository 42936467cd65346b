import type { Schemas } from '../../../api/client'
import { keysOf } from '../../../lib/keys'

/** Rules of a task's own that are switches. */
export type Rule = Exclude<keyof Schemas['TaskPolicyInForce'], 'approvals'>

/** As they stand in the fields: '' is left to the settings. */
export type PolicyDraft = Record<Rule | 'approvals', string>

export const RULES: readonly Rule[] = ['require_module', 'require_description', 'require_deliverable', 'require_acceptance']

export const APPROVALS_MAX = 10

const KEPT = { require_module: '', require_description: '', require_deliverable: '', require_acceptance: '', approvals: '' }

export function newPolicyDraft(): PolicyDraft {
  return { ...KEPT }
}

export function draftOf(own: Schemas['TaskPolicyOwn']): PolicyDraft {
  const entries = keysOf(KEPT).map((key) => [key, String(own[key] ?? '')])
  return Object.fromEntries(entries) as PolicyDraft
}

export function bodyOf(draft: PolicyDraft): Schemas['TaskPolicySet'] {
  const rules = RULES.map((rule) => [rule, draft[rule] === '' ? null : draft[rule] === 'true'])
  return { ...Object.fromEntries(rules), approvals: draft.approvals === '' ? null : Number(draft.approvals) }
}

export function isSame(one: PolicyDraft, other: PolicyDraft): boolean {
  return keysOf(KEPT).every((key) => one[key] === other[key])
}
