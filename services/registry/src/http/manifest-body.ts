import type { IncomingMessage } from 'node:http'
import { readBody } from '@roadstead/http/read-body.ts'
import { refuse } from '@roadstead/oci/errors.ts'
import { manifestSizeLimit } from '@roadstead/oci/manifest.ts'

/** Bytes of manifests that may be in memory at once, over all requests; who comes above that is asked to come again. */
const memoryLimit = 256 * 1024 * 1024

/** Reads manifests into memory, the only bodies that are ever held whole. Made once per process. */
export function createManifestReader(): (req: IncomingMessage) => Promise<Buffer> {
  let held = 0
  return async (req) => {
    const announced = Number(req.headers['content-length'] ?? manifestSizeLimit)
    if (announced > manifestSizeLimit) refuseTooLarge()
    if (held + announced > memoryLimit) refuse('TOOMANYREQUESTS', 'too many manifests are being pushed at once', { retryAfter: 1 })
    held += announced
    try {
      return await readWhole(req)
    } finally {
      held -= announced
    }
  }
}

async function readWhole(req: IncomingMessage): Promise<Buffer> {
  const body = await readBody(req, manifestSizeLimit)
  if (body === 'too large') refuseTooLarge()
  return body === 'broken off' ? refuse('MANIFEST_INVALID', 'the request broke off before its end') : body
}

function refuseTooLarge(): never {
  refuse('MANIFEST_INVALID', `a manifest may have at most ${manifestSizeLimit} bytes`, { reason: 'too large' })
}
