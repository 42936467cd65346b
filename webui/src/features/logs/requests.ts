import { api, read } from '../../api/client'
import { filled } from '../../lib/filled'

/** So many of everybody's calls can be seen; all calls can be searched of one agent. */
export const NEWEST = 200

export interface RequestFilter {
  agent: string
  method: string
  keyword: string
  days: string
  page: number
  page_size: number
}

/** A call of an agent; how long it took is only known in the list of one agent. */
export interface LoggedRequest {
  id: string
  timestamp: string
  method: string
  path: string
  response_status: number
  request_body: string | null
  agent_id: string
  agent_name?: string | null
  duration_ms?: number
}

export interface RequestPage {
  items: LoggedRequest[]
  page: { page: number; page_size: number; total: number; total_pages: number }
}

/** A page of an agent's calls, or of the newest calls of everybody. */
export async function loadRequests({ agent, method, keyword, days, page, page_size }: RequestFilter, signal: AbortSignal): Promise<RequestPage> {
  if (agent === '') return pageOf(await loadNewest(signal), page, page_size)
  const query = {
    page,
    page_size,
    ...filled({ method, path_keyword: keyword, days: days === '' ? undefined : Number(days) }),
  }
  const params = { path: { agent_id: agent }, query }
  const { items, ...rest } = await read(api.GET('/api/admin/agents/{agent_id}/request-logs', { params, signal }))
  return { items: items.map((one) => ({ ...one, agent_id: agent })), page: rest }
}

function loadNewest(signal: AbortSignal): Promise<LoggedRequest[]> {
  return read(api.GET('/api/feed/logs', { params: { query: { limit: NEWEST } }, signal }))
}

/** The server gives these in one answer. */
export function pageOf(all: LoggedRequest[], page: number, page_size: number): RequestPage {
  const total_pages = Math.max(1, Math.ceil(all.length / page_size))
  const items = all.slice((page - 1) * page_size, page * page_size)
  return { items, page: { page, page_size, total: all.length, total_pages } }
}
