import { pipeline } from 'node:stream/promises'
import { findBlob, linkBlob, readBlob, statBlob } from '@roadstead/distribution/pull.ts'
import type { StoredBlob } from '@roadstead/distribution/metadata.ts'
import { removeBlob } from '@roadstead/distribution/remove.ts'
import { parseDigest } from '@roadstead/oci/digest.ts'
import type { Digest } from '@roadstead/oci/digest.ts'
import { refuse } from '@roadstead/oci/errors.ts'
import type { Response } from 'express'
import { parseRange } from '../http/byte-range.ts'
import type { Handler } from '../registry-service.ts'

/** end-2, with Range. */
export const getBlob: Handler = async ({ ports, redirects }, { req, repository, last }, res) => {
  const blob = await findBlob(ports, repository, digestOf(last))
  const link = redirects ? await linkBlob(ports, repository, blob) : undefined
  if (link !== undefined) return redirect(res, blob, link)
  describe(res, blob)
  const range = rangeOf(req.headers.range, blob, res)
  if (range !== undefined) {
    res.statusCode = 206
    res.setHeader('Content-Range', `bytes ${range.first}-${range.last}/${blob.size}`)
    res.setHeader('Content-Length', range.last - range.first + 1)
  }
  const bytes = await readBlob(ports, repository, blob, range)
  if (Buffer.isBuffer(bytes)) {
    res.end(bytes)
    return
  }
  await pipeline(bytes, res).catch((error: unknown) => {
    // The client went away; there is nobody to tell. Any other failure must not look like a complete answer.
    if (!res.closed) throw error
  })
}

/** The client asks there with the same Range, and without its token: that is not for the storage to see. */
function redirect(res: Response, { digest }: StoredBlob, link: URL): void {
  res.statusCode = 307
  res.setHeader('Location', link.href)
  res.setHeader('Docker-Content-Digest', digest)
  res.setHeader('Referrer-Policy', 'no-referrer')
  res.setHeader('Content-Length', 0)
  res.end()
}

/** end-2. */
export const headBlob: Handler = async ({ ports }, { repository, last }, res) => {
  describe(res, await statBlob(ports, repository, digestOf(last)))
  res.end()
}

/** end-10. */
export const deleteBlob: Handler = async ({ ports }, { repository, last }, res) => {
  await removeBlob(ports, repository, digestOf(last))
  res.statusCode = 202
  res.setHeader('Content-Length', 0)
  res.end()
}

function describe(res: Response, { digest, size }: StoredBlob): void {
  res.setHeader('Content-Type', 'application/octet-stream')
  res.setHeader('Content-Length', size)
  res.setHeader('Docker-Content-Digest', digest)
  res.setHeader('ETag', `"${digest}"`)
  res.setHeader('Accept-Ranges', 'bytes')
  // What was pushed may be a page with a script; it must not run in the registry's origin.
  res.setHeader('Content-Disposition', 'attachment')
  res.setHeader('Content-Security-Policy', "default-src 'none'; sandbox")
}

function rangeOf(header: string | undefined, blob: StoredBlob, res: Response): ReturnType<typeof parseRange> {
  try {
    return parseRange(header, blob.size)
  } catch (error) {
    res.setHeader('Content-Range', `bytes */${blob.size}`)
    throw error
  }
}

export function digestOf(text: string): Digest {
  return parseDigest(text) ?? refuse('DIGEST_INVALID', 'the digest is malformed, or its algorithm is neither sha256 nor sha512')
}
