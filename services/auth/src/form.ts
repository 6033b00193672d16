import type { IncomingMessage } from 'node:http'
import { readBody } from '@roadstead/http/read-body.ts'
import { RegistryError } from '@roadstead/oci/errors.ts'
import type { RefusalReason } from '@roadstead/oci/errors.ts'
import { bareMediaType } from '@roadstead/oci/media-types.ts'

/** Longest form, in bytes. */
export const formSizeLimit = 64 * 1024

/**
 * Reads the form in the body, sent with Content-Length or in chunks (skopeo and podman send chunks). Throws UNSUPPORTED, malformed or too
 * large, for whatever is no such form.
 */
export async function readForm(req: IncomingMessage): Promise<URLSearchParams> {
  const type = bareMediaType(req.headers['content-type'] ?? '')
  if (type !== 'application/x-www-form-urlencoded')
    throw refusal('malformed', 'the body has to be of type application/x-www-form-urlencoded')
  // Never inflated: a short body must not become a long one.
  const encoding = req.headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') throw refusal('malformed', 'the body must not be compressed')
  const body = await readBody(req, formSizeLimit)
  if (body === 'too large') throw refusal('too large', `the form may have at most ${formSizeLimit} bytes`)
  if (body === 'broken off') throw refusal('malformed', 'the request broke off before its end')
  return new URLSearchParams(body.toString())
}

function refusal(reason: RefusalReason, message: string): RegistryError {
  return new RegistryError('UNSUPPORTED', message, { reason })
}
