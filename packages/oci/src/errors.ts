/** The error codes of the OCI distribution specification, and the one that Azure's documentation adds for locked content. */
export type ErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'REGISTRY_DISALLOWED_OPERATION'
  | 'SIZE_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNAUTHORIZED'
  | 'UNSUPPORTED'

/**
 * What a refusal is about, where one code has several statuses in HTTP. `out of order`: the chunk does not start at the session's
 * offset. `too large`: the body exceeds the limit. `too many tags`: one push names more than the limit. `range`: the blob has no such bytes. `no such path`: nothing answers there.
 * `malformed`: the request is none that can be understood.
 */
export type RefusalReason = 'out of order' | 'too large' | 'too many tags' | 'range' | 'no such path' | 'malformed'

interface About {
  /** Shown to the caller under `detail`; must survive JSON. */
  readonly detail?: unknown
  readonly reason?: RefusalReason
  /** Seconds after which asking again makes sense. */
  readonly retryAfter?: number
}

/** The caller asked for something that will not be done. Thrown once, answered once. The message is meant for the caller. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  readonly code: ErrorCode
  readonly detail: unknown
  readonly reason: RefusalReason | undefined
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, message: string, about: About = {}) {
    super(message)
    this.code = code
    this.detail = about.detail
    this.reason = about.reason
    this.retryAfter = about.retryAfter
  }
}

export function refuse(code: ErrorCode, message: string, about?: About): never {
  throw new RegistryError(code, message, about)
}

/**
 * Something the registry depends on does not answer: the database, the storage, the directory. Never a statement about content:
 * the caller has to ask again. `dependency` is shown to the caller, `cause` goes to the log only.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
  readonly dependency: string

  constructor(dependency: string, options: { readonly cause?: unknown; readonly message?: string } = {}) {
    super(options.message ?? `${dependency} does not answer`, { cause: options.cause })
    this.dependency = dependency
  }
}

/** The storage has no room left. New content is refused, everything else goes on. */
export class StorageFull extends Error {
  override readonly name = 'StorageFull'

  constructor(options: { readonly cause?: unknown } = {}) {
    super('the storage of this registry has no room left', options)
  }
}
