import { pullManifest, statManifest } from '@roadstead/distribution/pull.ts'
import { pushManifest, tagLimit } from '@roadstead/distribution/push.ts'
import { removeManifest } from '@roadstead/distribution/remove.ts'
import type { StoredManifest } from '@roadstead/distribution/metadata.ts'
import { refuse } from '@roadstead/oci/errors.ts'
import { parseReference } from '@roadstead/oci/reference.ts'
import { parseTag } from '@roadstead/oci/tag.ts'
import type { Tag } from '@roadstead/oci/tag.ts'
import type { Response } from 'express'
import type { Handler } from '../registry-service.ts'

/** end-3. Sends what was pushed, whatever Accept says: translating a manifest would change its digest. */
export const getManifest: Handler = async ({ ports }, { repository, last }, res) => {
  const manifest = await pullManifest(ports, repository, parseReference(last))
  describe(res, manifest)
  res.end(manifest.payload)
}

/** end-3. */
export const headManifest: Handler = async ({ ports }, { repository, last }, res) => {
  describe(res, await statManifest(ports, repository, parseReference(last)))
  res.end()
}

/** end-7a, end-7b. */
export const putManifest: Handler = async ({ ports, readManifest }, { req, repository, last, query, principal }, res) => {
  const reference = parseReference(last)
  const tags = tagsOf(query)
  if (reference.kind === 'tag' && tags.length > 0) refuse('MANIFEST_INVALID', 'tag parameters go with a push by digest')
  if (req.headers['content-encoding'] !== undefined) refuse('MANIFEST_INVALID', 'a manifest is sent as it is, without Content-Encoding')
  const pushed = await pushManifest(ports, repository, {
    reference,
    tags,
    contentType: req.headers['content-type'],
    payload: await readManifest(req),
    actor: principal,
  })
  res.statusCode = 201
  res.setHeader('Location', `/v2/${repository.name}/manifests/${pushed.digest}`)
  res.setHeader('Docker-Content-Digest', pushed.digest)
  if (pushed.subject !== undefined) res.setHeader('OCI-Subject', pushed.subject)
  if (tags.length > 0) res.setHeader('OCI-Tag', pushed.tags.join(', '))
  res.setHeader('Content-Length', 0)
  res.end()
}

/** end-9. */
export const deleteManifest: Handler = async ({ ports }, { repository, last, principal }, res) => {
  await removeManifest(ports, repository, parseReference(last), principal)
  res.statusCode = 202
  res.setHeader('Content-Length', 0)
  res.end()
}

function describe(res: Response, { digest, mediaType, size }: StoredManifest): void {
  res.setHeader('Content-Type', mediaType)
  res.setHeader('Content-Length', size)
  res.setHeader('Docker-Content-Digest', digest)
  res.setHeader('ETag', `"${digest}"`)
  // Somebody who opens this address in a browser gets text, not a page that runs in the registry's origin.
  res.setHeader('Content-Security-Policy', "default-src 'none'; sandbox")
}

function tagsOf(query: URLSearchParams): readonly Tag[] {
  const texts = query.getAll('tag')
  if (texts.length > tagLimit) refuse('MANIFEST_INVALID', `one push sets at most ${tagLimit} tags`, { reason: 'too many tags' })
  return texts.map(
    (text) => parseTag(text) ?? refuse('MANIFEST_INVALID', 'a tag parameter does not match [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'),
  )
}
