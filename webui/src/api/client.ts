import { ApiError, readProblem } from './problem'
import type { components } from './schema.gen'

type Schemas = components['schemas']

export type Health = Schemas['Health']
export type SetupStatus = Schemas['SetupStatus']
export type AdminSession = Schemas['AdminSession']
export type CoreCards = Schemas['CoreCards']
export type TaskStatusDistribution = Schemas['TaskCounts']
export type SubTaskStatusDistribution = Schemas['SubTaskCounts']
export type AgentStatusDistribution = Schemas['AgentStatusCounts']
export type AgentRoleDistribution = Schemas['AgentRoleCounts']

// The parts of the overview that the dashboard shows; the server sends a little more.
export type SecondaryCards = Omit<Schemas['SecondaryCards'], 'today_reject_rate'>
export type Overview = Pick<Schemas['DashboardOverview'], 'generated_at' | 'core_cards'> & {
  secondary_cards: SecondaryCards
  distributions: Omit<Schemas['Distributions'], 'review_result_distribution_7d'>
}

/** A server that takes longer than this counts as one that cannot be reached. */
const ANSWER_MS_MAX = 10_000

export function fetchHealth(signal: AbortSignal): Promise<Health> {
  return callForJson('/api/health', { signal })
}

export function fetchSetupStatus(signal: AbortSignal): Promise<SetupStatus> {
  return callForJson('/api/setup/status', { signal })
}

export function login(password: string): Promise<AdminSession> {
  return callForJson('/api/admin/login', { method: 'POST', body: { password } satisfies Schemas['AdminLogin'] })
}

export async function logout(token: string): Promise<void> {
  await call('/api/admin/logout', { method: 'POST', token })
}

export function fetchOverview(token: string, signal: AbortSignal): Promise<Overview> {
  return callForJson('/api/admin/dashboard/overview', { token, signal })
}

interface Call {
  method?: 'GET' | 'POST'
  body?: Record<string, unknown>
  token?: string
  signal?: AbortSignal
}

async function callForJson<T>(path: string, request: Call): Promise<T> {
  const response = await call(path, request)
  try {
    return (await response.json()) as T
  } catch (cause) {
    request.signal?.throwIfAborted()
    throw new ApiError({ kind: 'unreadable' }, { cause })
  }
}

async function call(path: string, { method = 'GET', body, token, signal }: Call): Promise<Response> {
  const headers = new Headers({ Accept: 'application/json' })
  if (token !== undefined) headers.set('X-Admin-Token', token)
  if (body !== undefined) headers.set('Content-Type', 'application/json')
  const timeout = AbortSignal.timeout(ANSWER_MS_MAX)

  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    })
  } catch (cause) {
    signal?.throwIfAborted()
    throw new ApiError({ kind: 'unreachable' }, { cause })
  }
  if (!response.ok) {
    throw new ApiError({ kind: 'refused', problem: await readProblem(response) })
  }
  return response
}
