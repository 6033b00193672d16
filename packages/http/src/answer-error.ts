import { RegistryError, StorageFull, Unavailable } from '@roadstead/oci/errors.ts'
import type { ErrorCode } from '@roadstead/oci/errors.ts'
import { lingerAndClose } from '@roadstead/runtime/listen.ts'
import type { ErrorRequestHandler, Request, Response } from 'express'
import { Challenge } from './challenge.ts'
import { contextOf } from './request-context.ts'

const statuses: Readonly<Record<ErrorCode, number>> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  REGISTRY_DISALLOWED_OPERATION: 405,
  SIZE_INVALID: 400,
  TOOMANYREQUESTS: 429,
  UNAUTHORIZED: 401,
  UNSUPPORTED: 405,
}

const statusesByReason = {
  'out of order': 416,
  'too large': 413,
  'too many tags': 414,
  range: 416,
  'no such path': 404,
  malformed: 400,
} as const

/** Seconds after which a client may ask again when a dependency failed. */
const retryAfter = 2

interface Answer {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly detail?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * The one place where an error becomes an answer: the `errors` form of the OCI specification, never a stack, a path or a statement.
 * What is not a refusal is the registry's own failure: 503 when a dependency does not answer, else 500; the log has the cause.
 */
export const answerError: ErrorRequestHandler = (error: unknown, req: Request, res: Response, _next) => {
  contextOf(res).error = error
  // A body that broke off in the middle must not look complete to the client.
  if (res.headersSent) {
    res.destroy()
    return
  }
  const { status, code, message, detail, headers } = answerOf(error, contextOf(res).id)
  for (const name of ['Content-Length', 'Content-Range', 'Content-Disposition', 'Docker-Content-Digest', 'ETag']) res.removeHeader(name)
  for (const [name, value] of Object.entries(headers ?? {})) res.setHeader(name, value)
  const body = Buffer.from(JSON.stringify({ errors: [{ code, message, ...(detail !== undefined && { detail }) }] }))
  res.statusCode = status
  res.setHeader('Content-Type', 'application/json; charset=utf-8')
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('Content-Length', body.length)
  if (!req.complete) lingerAndClose(req, res)
  res.end(req.method === 'HEAD' ? undefined : body)
}

function answerOf(error: unknown, requestId: string): Answer {
  if (error instanceof RegistryError) {
    const status = error.reason === undefined ? statuses[error.code] : statusesByReason[error.reason]
    return { status, code: error.code, message: error.message, detail: error.detail, headers: headersOf(error) }
  }
  if (error instanceof StorageFull) return { status: 507, code: 'DENIED', message: error.message, headers: { 'Retry-After': '60' } }
  if (error instanceof Unavailable) {
    return {
      status: 503,
      code: 'UNAVAILABLE',
      message: `${error.message}; please try again`,
      headers: { 'Retry-After': String(retryAfter) },
    }
  }
  return { status: 500, code: 'UNKNOWN', message: `the registry failed; its log tells more under ${requestId}` }
}

function headersOf(error: RegistryError): Readonly<Record<string, string>> {
  if (error instanceof Challenge) return { 'WWW-Authenticate': error.header }
  if (error.retryAfter !== undefined) return { 'Retry-After': String(Math.max(1, Math.ceil(error.retryAfter))) }
  return {}
}
