/** The part of a problem document (RFC 9457) that the dashboard shows or decides on. */
export interface Problem {
  status: number
  detail: string | undefined
  code: string | undefined
  /** What is wrong with single fields of what was sent. */
  fields: FieldProblem[]
}

export interface FieldProblem {
  field: string
  message: string
}

/**
 * Why a call gave no usable answer:
 * nobody answered, the answer was not what the API promises, the server refused and said why,
 * or the session ended and nobody signed in again.
 */
export type Failure =
  | { kind: 'unreachable' }
  | { kind: 'unreadable' }
  | { kind: 'refused'; problem: Problem }
  | { kind: 'signed_out' }

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

  get code(): string | undefined {
    return this.failure.kind === 'refused' ? this.failure.problem.code : undefined
  }

  /** What the server says is wrong with this field of what was sent. */
  messageFor(field: string): string | undefined {
    if (this.failure.kind !== 'refused') return undefined
    return this.failure.problem.fields.find((one) => one.field === field)?.message
  }
}

/** Reads the refusal out of a response that is not a success, whatever its body is. */
export async function readProblem(response: Response): Promise<Problem> {
  const body = await readObject(response)
  return {
    status: response.status,
    detail: textOf(body['detail']) ?? textOf(body['title']),
    code: textOf(body['code']),
    fields: fieldsOf(body['errors']),
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

function fieldsOf(errors: unknown): FieldProblem[] {
  if (!Array.isArray(errors)) return []
  return errors.filter(isObject).flatMap((one) => {
    const field = textOf(one['field'])
    const message = textOf(one['message'])
    return field === undefined || message === undefined ? [] : [{ field, message }]
  })
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
    case 'signed_out':
      return 'the session is over'
  }
}
