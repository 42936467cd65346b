import type { Schemas } from '../../../api/client'

/** How far a new agent has come: its command waits, is too old, was run, or the agent itself has called. */
export type Progress = 'waiting' | 'expired' | 'fetched' | 'connected'

type Onboarding = Pick<Schemas['AgentOnboarding'], 'status' | 'used_at'>

/** What is known of a command and of the agent's last call, put together. A call with the key that it had before does not count. */
export function progressOf(onboarding: Onboarding, lastCallAt: string | null | undefined): Progress {
  if (onboarding.status === 'expired') return 'expired'
  if (onboarding.used_at === null || onboarding.used_at === undefined) return 'waiting'
  const hasCalled = lastCallAt !== null && lastCallAt !== undefined && Date.parse(lastCallAt) >= Date.parse(onboarding.used_at)
  return hasCalled ? 'connected' : 'fetched'
}
