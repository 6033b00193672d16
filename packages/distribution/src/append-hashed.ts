import { finished, Transform } from 'node:stream'
import type { Readable } from 'node:stream'
import { digestOfHash } from '@roadstead/oci/digest.ts'
import type { Digest, DigestAlgorithm } from '@roadstead/oci/digest.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { StagedUpload } from './blob-store.ts'
import type { Ports } from './ports.ts'
import { hashOf } from './upload-hash.ts'
import type { UploadHash } from './upload-hash.ts'

/** The part of an upload that appending changes. */
export interface HashedUpload {
  readonly id: string
  readonly staged: StagedUpload
  readonly algorithm: DigestAlgorithm
  /** Digest of the bytes up to the offset; absent when the hash of the beginning was not at hand. */
  readonly hashed?: Digest
  readonly hashState?: string
}

export interface Appended {
  readonly staged: StagedUpload
  readonly hashed?: Digest
  readonly hashState?: string
  /** Why the source ended early. What came before that is stored and hashed. */
  readonly broken?: Error
}

/**
 * Stores `bytes` behind the upload and hashes them in passing. Resolves when they would survive a crash, also where the source broke off.
 * `length` is the announced length of a chunk behind which others may come.
 */
export async function appendHashed(
  ports: Ports,
  repository: Repository,
  upload: HashedUpload,
  bytes: Readable,
  length?: number,
): Promise<Appended> {
  const { offset } = upload.staged
  const hash = hashOf(ports, upload, length)
  const passing = passThrough(bytes, hash)
  try {
    const staged = await ports.blobStore(repository.registry).append(upload.staged, passing.stream)
    const isHashed = hash !== undefined && staged.offset === offset + passing.count()
    const broken = passing.broken()
    return {
      staged,
      ...(isHashed && { hashed: digestOfHash(upload.algorithm, hash.digest()), ...hash.keep(staged.offset) }),
      ...(broken !== undefined && { broken }),
    }
  } finally {
    passing.stream.destroy()
  }
}

interface Passing {
  readonly stream: Readable
  readonly count: () => number
  readonly broken: () => Error | undefined
}

/** Not `pipeline`: that would throw away what is still buffered when the client breaks off, and hash and store would not agree. */
function passThrough(source: Readable, hash: UploadHash | undefined): Passing {
  let count = 0
  let broken: Error | undefined
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      count += chunk.length
      hash?.update(chunk)
      done(null, chunk)
    },
  })
  finished(source, { writable: false }, (error) => {
    if (!error) return
    broken = error
    stream.end()
  })
  source.pipe(stream)
  return { stream, count: () => count, broken: () => broken }
}
