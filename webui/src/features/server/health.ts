import type { Health } from '../../api/client'
import type { ApiError } from '../../api/problem'
import type { MessageKey } from '../../i18n'
import type { Presentation } from '../../vocabulary'

export type HealthState = 'checking' | 'up' | 'unwell' | 'down'

export const HEALTH_STATE: Record<HealthState, Presentation> = {
  checking: { label: 'health.checking', tone: 'idle' },
  up: { label: 'health.up', tone: 'good' },
  unwell: { label: 'health.unwell', tone: 'caution' },
  down: { label: 'health.down', tone: 'danger' },
}

/** The newest check decides; what was known before it only counts while there is none. */
export function healthState(health: Health | undefined, error: ApiError | undefined): HealthState {
  if (error !== undefined) return error.failure.kind === 'unreachable' ? 'down' : 'unwell'
  if (health === undefined) return 'checking'
  return health.status === 'ok' ? 'up' : 'unwell'
}

export function setupLabel(initialized: boolean | undefined): MessageKey {
  if (initialized === undefined) return 'server.unknown'
  return initialized ? 'server.setupDone' : 'server.setupOpen'
}

export function externalUrlLabel(hasExternalUrl: boolean | undefined): MessageKey {
  if (hasExternalUrl === undefined) return 'server.unknown'
  return hasExternalUrl ? 'server.externalUrlSet' : 'server.externalUrlMissing'
}
