import { vi } from 'vitest'
import type { Schemas } from '../api/client'

export interface Request {
  route: string
  body: unknown
  token: string | null
}

/** Answers of a server, by route such as `GET /api/health`; a route that is not there cannot be reached. */
export type Routes = Record<string, (request: Request) => Response | Promise<Response>>

/** Puts the routes behind `fetch` until the test ends, and returns what is asked of them, in order. */
export function serve(routes: Routes): Request[] {
  const requests: Request[] = []
  vi.stubGlobal('fetch', async (sent: globalThis.Request) => {
    const { pathname, search } = new URL(sent.url)
    const text = await sent.text()
    const request = {
      route: `${sent.method} ${pathname}${search}`,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
      token: sent.headers.get('X-Admin-Token'),
    }
    requests.push(request)
    const answer = routes[request.route]
    if (answer === undefined) throw new TypeError('Failed to fetch')
    return answer(request)
  })
  return requests
}

export function json(body: unknown): Response {
  return Response.json(body)
}

export function problem(status: number, detail: string, code = 'test'): Response {
  return new Response(JSON.stringify({ type: '/problems/test', title: 'A problem', status, detail, code }), {
    status,
    headers: { 'Content-Type': 'application/problem+json' },
  })
}

export const HEALTH: Schemas['Health'] = { status: 'ok', service: 'Harbour News Desk', version: '1.2.3', server_version: '0.1.0' }

export const OVERVIEW: Schemas['DashboardOverview'] = {
  generated_at: '2026-03-01T12:00:05Z',
  review_window_days: 7,
  core_cards: {
    open_task_count: 7,
    active_sub_task_count: 38,
    review_queue_count: 5,
    blocked_sub_task_count: 2,
    active_agent_count: 11,
    today_completed_sub_task_count: 1254,
  },
  secondary_cards: {
    disabled_agent_count: 1,
    today_review_count: 31,
    today_rejected_review_count: 4,
    today_reject_rate: 12.9,
    today_net_score_delta: 85,
  },
  distributions: {
    task_status_distribution: { planning: 2, active: 1, in_progress: 4, completed: 23, archived: 9, cancelled: 0 },
    sub_task_status_distribution: {
      pending: 46,
      assigned: 6,
      in_progress: 22,
      review: 5,
      rework: 3,
      blocked: 2,
      done: 318,
      cancelled: 12,
    },
    agent_status_distribution: { active: 11, disabled: 1 },
    agent_role_distribution: { planner: 1, executor: 7, reviewer: 3, patrol: 1 },
    review_result_distribution_7d: { approved: 27, rejected: 4 },
  },
}
