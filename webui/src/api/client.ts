import { ApiError, readProblem } from './problem'

// Until openapi/openapi.json exists these shapes are written by hand.

export interface Health {
  status: string
  service: string
  version: string
}

export interface SetupStatus {
  initialized: boolean
  has_external_url: boolean
}

export interface AdminLogin {
  token: string
}

export interface CoreCards {
  open_task_count: number
  active_sub_task_count: number
  review_queue_count: number
  blocked_sub_task_count: number
  active_agent_count: number
  today_completed_sub_task_count: number
}

export interface SecondaryCards {
  disabled_agent_count: number
  today_review_count: number
  today_rejected_review_count: number
  today_net_score_delta: number
}

export interface TaskStatusDistribution {
  planning: number
  active: number
  in_progress: number
  completed: number
  archived: number
  cancelled: number
}

export interface SubTaskStatusDistribution {
  pending: number
  assigned: number
  in_progress: number
  review: number
  rework: number
  blocked: number
  done: number
  cancelled: number
}

export interface AgentStatusDistribution {
  active: number
  disabled: number
}

export interface AgentRoleDistribution {
  planner: number
  executor: number
  reviewer: number
  patrol: number
}

export interface Overview {
  generated_at: string
  core_cards: CoreCards
  secondary_cards: SecondaryCards
  distributions: {
    task_status_distribution: TaskStatusDistribution
    sub_task_status_distribution: SubTaskStatusDistribution
    agent_status_distribution: AgentStatusDistribution
    agent_role_distribution: AgentRoleDistribution
  }
}

/** A server that takes longer than this counts as one that cannot be reached. */
const ANSWER_MS_MAX = 10_000

export function fetchHealth(signal: AbortSignal): Promise<Health> {
  return callForJson('/api/health', { signal })
}

export function fetchSetupStatus(signal: AbortSignal): Promise<SetupStatus> {
  return callForJson('/api/setup/status', { signal })
}

export function login(password: string): Promise<AdminLogin> {
  return callForJson('/api/admin/login', { method: 'POST', body: { password } })
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
