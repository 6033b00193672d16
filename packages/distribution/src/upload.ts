import type { Readable } from 'node:stream'
import { digestAlgorithm } from '@roadstead/oci/digest.ts'
import type { Digest, DigestAlgorithm } from '@roadstead/oci/digest.ts'
import { refuse, RegistryError, Unavailable } from '@roadstead/oci/errors.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import { appendHashed } from './append-hashed.ts'
import type { Appended } from './append-hashed.ts'
import { discardStaged } from './discard-staged.ts'
import { freeSpare, keepBlob } from './keep-blob.ts'
import type { KeptBlob } from './keep-blob.ts'
import type { Ports } from './ports.ts'
import { claim, sessionLifetime, whileClaimed } from './upload-claim.ts'
import type { UploadSession } from './upload-sessions.ts'

/** Bytes that a request carries to a session. */
export interface Chunk {
  readonly bytes: Readable
  /** Where the client believes they go, from Content-Range; undefined where it does not say. */
  readonly start: number | undefined
  /** How many there will be, where the client announced it. */
  readonly length?: number
}

/** A blob that is in the repository now. */
export interface UploadedBlob {
  readonly digest: Digest
  readonly size: number
}

/** Opens a session (end-4a). Nothing is stored and no file is touched yet. */
export async function openUpload(
  ports: Ports,
  repository: Repository,
  principal: string,
  algorithm: DigestAlgorithm,
): Promise<UploadSession> {
  const session: UploadSession = {
    id: ports.newId(),
    registry: repository.registry.id,
    repository: repository.name,
    principal,
    version: 0,
    staged: await ports.blobStore(repository.registry).begin(repository.registry.id),
    algorithm,
    expires: ports.now().getTime() + sessionLifetime,
  }
  await ports.sessions.create(session)
  return session
}

/** The session as it stands (end-13). Throws BLOB_UPLOAD_UNKNOWN, also for somebody else's session: it must not be seen to exist. */
export async function findUpload(ports: Ports, repository: Repository, id: string, principal: string): Promise<UploadSession> {
  const session = await ports.sessions.find(repository, id)
  if (session === undefined || session.principal !== principal) {
    refuse('BLOB_UPLOAD_UNKNOWN', 'there is no such upload session; it may have expired', { detail: { session: id } })
  }
  return session
}

/**
 * Stores a chunk behind what the session holds (end-5). When the client breaks off, what came is kept, and the session can go on behind it.
 * Throws BLOB_UPLOAD_INVALID (out of order) for a chunk that does not fit, and while another request writes.
 */
export function appendChunk(ports: Ports, repository: Repository, session: UploadSession, chunk: Chunk): Promise<UploadSession> {
  refuseFinished(session)
  refuseOutOfOrder(session, chunk.start)
  return whileClaimed(ports, repository, session, async (claimed) => {
    const appended = await appendHashed(ports, repository, claimed, chunk.bytes, chunk.length)
    return { session: withAppended(claimed, appended), error: brokenOff(appended) }
  })
}

/**
 * Completes a session (end-6): stores the last chunk if there is one, compares the digest, makes the bytes final, then the row. Asked again
 * with the same digest, it answers the same. Throws DIGEST_INVALID, after which the session is still there.
 */
export async function finishUpload(
  ports: Ports,
  repository: Repository,
  session: UploadSession,
  digest: Digest,
  chunk: Chunk | undefined,
): Promise<UploadedBlob> {
  if (session.finished?.digest === digest) return session.finished
  refuseFinished(session)
  const isRepeated = repeatsClosing(session, digest, chunk)
  let kept: KeptBlob | undefined
  if (!isRepeated) refuseOutOfOrder(session, chunk?.start)
  const done = await whileClaimed(ports, repository, session, async (claimed, writeDown) => {
    let current = withAlgorithmOf(digest, claimed)
    if (isRepeated) chunk?.bytes.resume()
    else if (chunk !== undefined) {
      const start = current.staged.offset
      const appended = await appendHashed(ports, repository, current, chunk.bytes)
      current = withAppended(current, appended)
      if (appended.broken !== undefined) return { session: current, error: brokenOff(appended) }
      current = { ...current, closing: { digest, start } }
      // The store finishes exactly these bytes, and nothing can be appended after that: whoever goes on after a crash has to know them.
      await writeDown(current)
    }
    try {
      kept = await keepBlob(ports, repository, current, digest)
      return { session: { ...current, finished: { digest, size: kept.size } } }
    } catch (error) {
      return { session: current, error }
    }
  })
  ports.hashes.drop(session.id)
  await freeSpare(ports, repository, kept!)
  return done.finished!
}

/** Stores a blob that comes whole in one request (end-4b), without a session. Throws DIGEST_INVALID and keeps nothing. */
export async function uploadWhole(ports: Ports, repository: Repository, digest: Digest, bytes: Readable): Promise<UploadedBlob> {
  const store = ports.blobStore(repository.registry)
  const staged = await store.begin(repository.registry.id)
  const upload = { id: ports.newId(), staged, algorithm: digestAlgorithm(digest) }
  try {
    const appended = await appendHashed(ports, repository, upload, bytes)
    if (appended.broken !== undefined) throw brokenOff(appended)
    const kept = await keepBlob(ports, repository, { ...upload, ...appended }, digest)
    await freeSpare(ports, repository, kept)
    return { digest, size: kept.size }
  } catch (error) {
    const discarded = discardStaged(ports, repository.registry, staged).catch(ports.onBackgroundError)
    // What keeps the blob from being stored would keep the client waiting here for as long again.
    if (!(error instanceof Unavailable)) await discarded
    throw error
  } finally {
    ports.hashes.drop(upload.id)
  }
}

/** Gives a session up (end-14) and frees what it stored. Throws BLOB_UPLOAD_INVALID (out of order) while a request writes to it. */
export async function cancelUpload(ports: Ports, repository: Repository, session: UploadSession): Promise<void> {
  refuseFinished(session)
  const claimed = await claim(ports, session)
  await discardStaged(ports, repository.registry, session.staged)
  await ports.sessions.delete(claimed)
  ports.hashes.drop(session.id)
}

/** Where nothing is stored yet, the digest that the client closes with says how to hash. */
function withAlgorithmOf(digest: Digest, session: UploadSession): UploadSession {
  return session.staged.offset === 0 ? { ...session, algorithm: digestAlgorithm(digest) } : session
}

function withAppended(session: UploadSession, appended: Appended): UploadSession {
  const { hashed: _, hashState: __, closing: ___, ...rest } = session
  const { broken: ____, ...kept } = appended
  return { ...rest, ...kept }
}

function brokenOff({ broken }: Appended): RegistryError | undefined {
  return broken && new RegistryError('BLOB_UPLOAD_INVALID', 'the request broke off before its end', { detail: { reason: broken.message } })
}

/** Whether the chunk of this closing request is stored already. Most clients do not say where it begins. */
function repeatsClosing({ closing }: UploadSession, digest: Digest, chunk: Chunk | undefined): boolean {
  return closing?.digest === digest && (chunk?.start === undefined || chunk.start === closing.start)
}

function refuseFinished({ id, finished }: UploadSession): void {
  if (finished === undefined) return
  refuse('BLOB_UPLOAD_UNKNOWN', 'the upload session is already complete', { detail: { session: id, digest: finished.digest } })
}

function refuseOutOfOrder({ staged }: UploadSession, start: number | undefined): void {
  if (start === undefined || start === staged.offset) return
  refuse('BLOB_UPLOAD_INVALID', `the chunk starts at ${start}, but the session continues at ${staged.offset}`, {
    reason: 'out of order',
    detail: { offset: staged.offset },
  })
}
