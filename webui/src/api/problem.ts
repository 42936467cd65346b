/** The part of a problem document (RFC 9457) that the dashboard shows or decides on. */
export interface Problem {
  status: number
  detail: string | undefined
  code: string | undefined
}

/**
 * Why a call gave no usable answer:
 * nobody answered, the answer was not what the API promises, or the server refused and said why.
 */
export type Failure = { kind: 'unreachable' } | { kind: 'unreadable' } | { kind: 'refused'; problem: Problem }

export class ApiError extends Error {
  readonly failure: Failure

  constructor(failure: Failure, options?: ErrorOptions) {
    super(describe(failure), options)
    this.name = 'ApiError'
    this.failure = failure
  }

  /** The status that the server refused with, if it answered at all. */
  get status(): number | undefined {
    return this.failure.kind === 'refused' ? this.failure.problem.status : undefined
  }
}

/** Reads the refusal out of a response that is not a success, whatever its body is. */
export async function readProblem(response: Response): Promise<Problem> {
  const body = await readObject(response)
  return {
    status: response.status,
    detail: textOf(body['detail']) ?? textOf(body['title']),
    code: textOf(body['code']),
  }
}

async function readObject(response: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await response.json()
    return isObject(body) ? body : {}
  } catch {
    // A proxy in front of the server answers in HTML; the status has to do then.
    return {}
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function describe(failure: Failure): string {
  switch (failure.kind) {
    case 'unreachable':
      return 'the server cannot be reached'
    case 'unreadable':
      return 'the answer is not what the API promises'
    case 'refused':
      return failure.problem.detail ?? `status ${failure.problem.status}`
  }
}
