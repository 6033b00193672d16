import { mountBlob } from '@roadstead/distribution/mount.ts'
import { appendChunk, cancelUpload, findUpload, finishUpload, openUpload, uploadWhole } from '@roadstead/distribution/upload.ts'
import type { UploadSession } from '@roadstead/distribution/upload-sessions.ts'
import { parseDigestAlgorithm } from '@roadstead/oci/digest.ts'
import type { Digest, DigestAlgorithm } from '@roadstead/oci/digest.ts'
import { refuse } from '@roadstead/oci/errors.ts'
import { parseRepositoryName } from '@roadstead/oci/repository-name.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { Response } from 'express'
import { announcedLength, chunkStart, hasBody } from '../http/content-range.ts'
import type { Handler, RegistryRequest, RegistryService } from '../registry-service.ts'
import { digestOf } from './blobs.ts'

/** end-4a, end-4b, end-4c and end-11. */
export const openSession: Handler = async (service, request, res) => {
  const { req, repository, query, principal } = request
  const mount = query.get('mount')
  if (mount !== null && (await mountFrom(service, request, digestOf(mount)))) return answerCreated(res, repository, digestOf(mount))
  const digest = query.get('digest')
  if (digest !== null && mount === null) {
    const blob = await uploadWhole(service.ports, repository, digestOf(digest), req)
    return answerCreated(res, repository, blob.digest)
  }
  const session = await openUpload(service.ports, repository, principal, algorithmOf(query))
  res.statusCode = 202
  describe(res, repository, session)
  const minimum = service.ports.blobStore(repository.registry).minimumChunkSize
  if (minimum > 0) res.setHeader('OCI-Chunk-Min-Length', minimum)
  res.end()
}

/** end-13. */
export const getSession: Handler = async (service, { repository, last, principal }, res) => {
  const session = await findUpload(service.ports, repository, last, principal)
  res.statusCode = 204
  describe(res, repository, session)
  res.end()
}

/** end-5. */
export const patchSession: Handler = async (service, { req, repository, last, principal }, res) => {
  const session = await findUpload(service.ports, repository, last, principal)
  const length = announcedLength(req)
  const written = await tellingWhere(res, repository, session, () =>
    appendChunk(service.ports, repository, session, { bytes: req, start: chunkStart(req), ...(length !== undefined && { length }) }),
  )
  res.statusCode = 202
  describe(res, repository, written)
  res.end()
}

/** end-6. */
export const closeSession: Handler = async (service, { req, repository, last, query, principal }, res) => {
  const session = await findUpload(service.ports, repository, last, principal)
  const digest = digestOf(query.get('digest') ?? refuse('DIGEST_INVALID', 'the closing request needs a digest parameter'))
  const blob = await tellingWhere(res, repository, session, () => {
    const start = chunkStart(req)
    const chunk = hasBody(req) || start !== undefined ? { bytes: req, start } : undefined
    return finishUpload(service.ports, repository, session, digest, chunk)
  })
  answerCreated(res, repository, blob.digest)
}

/** end-14. */
export const cancelSession: Handler = async ({ ports }, { repository, last, principal }, res) => {
  await cancelUpload(ports, repository, await findUpload(ports, repository, last, principal))
  res.statusCode = 204
  res.end()
}

/**
 * Mounts if the caller may pull from the source. If not, or if the source has no such blob, the answer is an ordinary upload either way:
 * whether the blob exists there must not be seen.
 */
async function mountFrom({ ports, admission }: RegistryService, request: RegistryRequest, digest: Digest): Promise<boolean> {
  const { req, registry, repository, query } = request
  // Without a source only the repository itself is asked: a token names what it opens, never the whole registry.
  const name = parseRepositoryName(query.get('from') ?? repository.name)
  if (name === undefined) return false
  const target = { type: 'repository', name: repository.name, actions: ['pull', 'push'] } as const
  const source = { type: 'repository', name, actions: ['pull'] } as const
  return (await admission.admitMount(registry, req, target, source)) && mountBlob(ports, { registry, name }, repository, digest)
}

function algorithmOf(query: URLSearchParams): DigestAlgorithm {
  const text = query.get('digest-algorithm')
  if (text === null) return 'sha256'
  return parseDigestAlgorithm(text) ?? refuse('DIGEST_INVALID', 'the digest algorithm is neither sha256 nor sha512')
}

/** A client whose chunk does not fit learns from the refusal itself where to go on. */
async function tellingWhere<Result>(
  res: Response,
  repository: Repository,
  session: UploadSession,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    describe(res, repository, session)
    throw error
  }
}

/** Relative, as Azure's SDK needs it: it would send the token to nowhere else than where it came from. */
function describe(res: Response, repository: Repository, { id, staged }: UploadSession): void {
  res.setHeader('Location', `/v2/${repository.name}/blobs/uploads/${id}`)
  // The form has no way to say "nothing yet"; every client reads 0-0 so at the start.
  res.setHeader('Range', `0-${Math.max(0, staged.offset - 1)}`)
  res.setHeader('Docker-Upload-UUID', id)
  res.setHeader('Content-Length', 0)
}

function answerCreated(res: Response, repository: Repository, digest: Digest): void {
  res.statusCode = 201
  res.setHeader('Location', `/v2/${repository.name}/blobs/${digest}`)
  res.setHeader('Docker-Content-Digest', digest)
  res.setHeader('Content-Length', 0)
  res.end()
}
