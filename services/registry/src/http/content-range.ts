import type { IncomingMessage } from 'node:http'
import { refuse } from '@roadstead/oci/errors.ts'

/**
 * Where the body of a PATCH or PUT says it goes: the first number of Content-Range, in the form of the OCI specification (`0-1023`) or
 * in RFC 9110's (`bytes 0-1023/*`), which .NET's clients send. Undefined without the header. Throws BLOB_UPLOAD_INVALID for a malformed
 * one and SIZE_INVALID where it disagrees with Content-Length.
 */
export function chunkStart({ headers }: Pick<IncomingMessage, 'headers'>): number | undefined {
  const header = headers['content-range']
  if (header === undefined) return undefined
  const match = /^(?:bytes )?([0-9]{1,16})-([0-9]{1,16})(?:\/(?:\*|[0-9]{1,16}))?$/.exec(header)
  const first = Number(match?.[1])
  const last = Number(match?.[2])
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || last < first) {
    refuse('BLOB_UPLOAD_INVALID', 'Content-Range is not of the form <first>-<last>')
  }
  const length = headers['content-length']
  if (length !== undefined && Number(length) !== last - first + 1) {
    refuse('SIZE_INVALID', 'Content-Range and Content-Length name different sizes', {
      detail: { contentRange: header, contentLength: length },
    })
  }
  return first
}

/** How long the body is, where the request says so: with chunks it does not. */
export function announcedLength({ headers }: Pick<IncomingMessage, 'headers'>): number | undefined {
  return headers['content-length'] === undefined ? undefined : Number(headers['content-length'])
}

/** Whether the request carries bytes: a length other than 0, or chunks. */
export function hasBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
