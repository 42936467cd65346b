import createClient from 'openapi-fetch'
import { ApiError, readProblem } from './problem'
import type { components, paths } from './schema.gen'

export type Schemas = components['schemas']

/** Where the token of the admin's session comes from; stores/session.ts is the one of the dashboard. */
export interface Credentials {
  token: () => string | undefined
  /** Resolves with a new token once somebody signed in again, and rejects when nobody does. */
  renew: (ended: string) => Promise<string>
}

/** A server that takes longer than this counts as one that cannot be reached. */
const ANSWER_MS_MAX = 20_000

const SESSION_IS_OVER = 'admin.no_session'

let credentials: Credentials | undefined

export function useCredentials(source: Credentials): void {
  credentials = source
}

/**
 * The API, with its paths, parameters and answers typed by the OpenAPI document. Every failure is
 * thrown as an `ApiError`; wrap a call in `read` to get its answer:
 * `await read(api.GET('/api/tasks/{task_id}', { params: { path: { task_id } }, signal }))`.
 */
export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: send })

/** The answer of a call. */
export async function read<T>(call: Promise<{ data?: T }>): Promise<Exclude<T, undefined>> {
  try {
    return (await call).data as Exclude<T, undefined>
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new ApiError({ kind: 'unreadable' }, { cause })
    throw cause
  }
}

/** A call that comes when the session is over waits until somebody signs in again, and is made then. */
async function send(request: Request): Promise<Response> {
  const token = credentials?.token()
  const response = await attempt(request.clone(), token)
  if (response.ok) return response
  const problem = await readProblem(response)
  if (problem.code !== SESSION_IS_OVER || token === undefined || credentials === undefined) {
    throw new ApiError({ kind: 'refused', problem })
  }
  const again = await attempt(request, await credentials.renew(token))
  if (!again.ok) throw new ApiError({ kind: 'refused', problem: await readProblem(again) })
  return again
}

async function attempt(request: Request, token: string | undefined): Promise<Response> {
  request.headers.set('Accept', 'application/json')
  if (token !== undefined) request.headers.set('X-Admin-Token', token)
  const late = new AbortController()
  // An answer must begin in time; how long it goes on is its own affair: a stream never ends.
  const timer = setTimeout(() => late.abort(), ANSWER_MS_MAX)
  const signal = AbortSignal.any([request.signal, late.signal])
  try {
    return await fetch(request, { signal })
  } catch (cause) {
    request.signal.throwIfAborted()
    throw new ApiError({ kind: 'unreachable' }, { cause })
  } finally {
    clearTimeout(timer)
  }
}
