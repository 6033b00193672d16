import { StorageFull, Unavailable } from '@roadstead/oci/errors.ts'

/** What the storage, or the way to it, said. `status` is absent where there was no answer. */
interface Answer {
  readonly status?: number
  readonly code: string
}

// By name: their classes belong to libraries that only their own files import.
const answered = 'RestError'
const identityErrors = /^(CredentialUnavailable|Authentication|AuthenticationRequired|AggregateAuthentication)Error$/

const passing = new Set([408, 429, 500, 502, 503, 504])
// Azure documents no code of its own for a full account; emulations and appliances answer 507 or one of such words.
const noRoom = /(capacity|quota|storagelimit).*(exceeded|reached)|insufficientstorage|serverfull/i

function answerOf(error: unknown): Answer | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { name, code, errno, statusCode, details } = error as {
    name?: unknown
    code?: unknown
    errno?: unknown
    statusCode?: unknown
    details?: { errorCode?: unknown }
  }
  if (name !== answered && !isBroken(name, code, errno)) return undefined
  return {
    code: [details?.errorCode, code].find((word) => typeof word === 'string') ?? '',
    ...(typeof statusCode === 'number' && { status: statusCode }),
  }
}

/** Worth another try: no answer, an answer cut short, an answer that says so, or bytes that changed on their way. */
export function isPassing(error: unknown): boolean {
  if (error instanceof Unavailable) return true
  const answer = answerOf(error)
  if (answer === undefined || isFull(answer)) return false
  const { status, code } = answer
  return status === undefined || status < 300 || passing.has(status) || code === 'Md5Mismatch'
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  const answer = answerOf(error)
  return answer !== undefined && codes.includes(answer.code)
}

/** There is no such blob. A container that is missing is no absence of bytes: it is a storage that is not there. */
export function isMissing(error: unknown): boolean {
  return hasCode(error, 'BlobNotFound')
}

/**
 * What an error of a call means to the port: no room, or no answer. Refused access is no answer either: a key that was replaced, a role that
 * is missing or a clock that is wrong say nothing about content. Everything else stays as it is.
 */
export function storageFailure(error: unknown): unknown {
  const answer = answerOf(error)
  if (answer === undefined) return isIdentityError(error) ? unavailable(error) : error
  if (isFull(answer)) return new StorageFull({ cause: error })
  const { status } = answer
  const isAway =
    isPassing(error) || status === 401 || status === 403 || (status === 404 && !isMissing(error)) || answer.code.startsWith('Container')
  return isAway ? unavailable(error) : error
}

export function unavailable(cause: unknown): Unavailable {
  return cause instanceof Unavailable ? cause : new Unavailable('storage', { cause })
}

/**
 * A connection that broke. Errors of the operating system have a number; a body that is cut has a code only, or, as the library tells it, was
 * aborted: who aborts a call himself does not ask what its error means.
 */
function isBroken(name: unknown, code: unknown, errno: unknown): boolean {
  return typeof errno === 'number' || name === 'AbortError' || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}

function isFull({ status, code }: Answer): boolean {
  return status === 507 || noRoom.test(code)
}

function isIdentityError(error: unknown): boolean {
  return error instanceof Error && identityErrors.test(error.name)
}
