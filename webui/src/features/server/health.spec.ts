import { expect, test } from 'vitest'
import { ApiError } from '../../api/problem'
import { HEALTH } from '../../testing/server'
import { healthState } from './health'

const unreachable = new ApiError({ kind: 'unreachable' })
const refused = new ApiError({ kind: 'refused', problem: { status: 502, detail: undefined, code: undefined } })

test.each([
  { name: 'nothing known yet', health: undefined, error: undefined, state: 'checking' },
  { name: 'a good answer', health: HEALTH, error: undefined, state: 'up' },
  { name: 'a server that is not well', health: { ...HEALTH, status: 'degraded' }, error: undefined, state: 'unwell' },
  { name: 'a refusal', health: undefined, error: refused, state: 'unwell' },
  { name: 'an answer before, and none now', health: HEALTH, error: unreachable, state: 'down' },
])('$name is $state', ({ health, error, state }) => {
  expect(healthState(health, error)).toBe(state)
})
