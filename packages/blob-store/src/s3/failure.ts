import { StorageFull, Unavailable } from '@roadstead/oci/errors.ts'

/** What to do about a call that failed: try again, try again with fresh credentials, or not. */
export type Remedy = 'again' | 'fresh credentials' | 'none'

/** A call that the store did not answer, or answered with an error. `code` is the store's or the system's word for it. */
export class S3Failure extends Error {
  override readonly name = 'S3Failure'
  readonly code: string
  readonly status: number | undefined
  readonly remedy: Remedy
  readonly isFull: boolean

  constructor(call: string, cause: unknown) {
    const code = codeOf(cause)
    const status = statusOf(cause)
    super(`${call}: ${code}${status === undefined ? '' : ` (${status})`}: ${messageOf(cause)}`, { cause })
    this.code = code
    this.status = status
    this.isFull = full.has(code) || status === 507
    this.remedy = this.isFull ? 'none' : remedyFor(code, status)
  }
}

/** What a failure means to the port: no room, or no answer. Everything else is a mistake of ours and stays as it is. */
export function storageFailure(error: unknown): unknown {
  if (!(error instanceof S3Failure)) return error
  return error.isFull ? new StorageFull({ cause: error }) : new Unavailable('storage', { cause: error })
}

/** For `catch`: answers `value` where the failure has one of these codes. */
export function instead<const Value>(value: Value, ...codes: readonly string[]): (error: unknown) => Value {
  return (error) => {
    if (error instanceof S3Failure && codes.includes(error.code)) return value
    throw error
  }
}

const full: ReadonlySet<string> = new Set([
  'XMinioStorageFull',
  'XMinioAdminBucketQuotaExceeded',
  'QuotaExceeded',
  'QuotaExceededException',
  'StorageQuotaExceeded',
  'InsufficientStorage',
  'NotEnoughSpace',
])

/** Rotated or expired keys: the platform may have new ones by now. */
const credentials: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'TokenRefreshRequired',
  'InvalidToken',
  'InvalidAccessKeyId',
  'CredentialsProviderError',
])

/** Answers below 500 that another try may change. A clock that is off by much is corrected by the library from the answer's date. */
const passing: ReadonlySet<string> = new Set([
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'RequestLimitExceeded',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'InternalError',
  'ServiceUnavailable',
  'OperationAborted',
  'ConditionalRequestConflict',
  'IncompleteBody',
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'XMinioServerNotInitialized',
])

function remedyFor(code: string, status: number | undefined): Remedy {
  if (credentials.has(code)) return 'fresh credentials'
  if (passing.has(code)) return 'again'
  // No status: the connection failed, or what came was no answer of a store. 501 says that it never will.
  return status === undefined || status < 300 || status === 408 || status === 429 || (status >= 500 && status !== 501) ? 'again' : 'none'
}

function codeOf(cause: unknown): string {
  const { name, code, Code } = cause as { readonly name?: unknown; readonly code?: unknown; readonly Code?: unknown }
  // The system's errors are all called Error; those of the store have their code as a name.
  const found = [Code, name === 'Error' ? code : name, code, name].find((word) => typeof word === 'string' && word !== '')
  return typeof found === 'string' ? found : 'unknown'
}

function statusOf(cause: unknown): number | undefined {
  const { $metadata, $response } = cause as {
    readonly $metadata?: { readonly httpStatusCode?: number }
    readonly $response?: { readonly statusCode?: number }
  }
  return $metadata?.httpStatusCode ?? $response?.statusCode
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
