import type { Hash } from 'node:crypto'
import { finished, Transform } from 'node:stream'
import type { Readable } from 'node:stream'
import { digestOfHash } from '@roadstead/oci/digest.ts'
import type { Digest, DigestAlgorithm } from '@roadstead/oci/digest.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { StagedUpload } from './blob-store.ts'
import type { Ports } from './ports.ts'
import { startHash } from './running-hashes.ts'

/** The part of an upload that appending changes. */
export interface HashedUpload {
  readonly id: string
  readonly staged: StagedUpload
  readonly algorithm: DigestAlgorithm
  /** Digest of the bytes up to the offset; absent when the hash of the beginning was not at hand. */
  readonly hashed?: Digest
}

export interface Appended {
  readonly staged: StagedUpload
  readonly hashed?: Digest
  /** Why the source ended early. What came before that is stored and hashed. */
  readonly broken?: Error
}

/** Stores `bytes` behind the upload and hashes them in passing. Resolves when they would survive a crash, also where the source broke off. */
export async function appendHashed(ports: Ports, repository: Repository, upload: HashedUpload, bytes: Readable): Promise<Appended> {
  const { offset } = upload.staged
  const hash = offset === 0 ? startHash(upload.algorithm) : ports.hashes.take(upload.id, offset, upload.algorithm)
  const passing = passThrough(bytes, hash)
  try {
    const staged = await ports.blobStore(repository.registry).append(upload.staged, passing.stream)
    const isHashed = hash !== undefined && staged.offset === offset + passing.count()
    if (isHashed) ports.hashes.put(upload.id, staged.offset, upload.algorithm, hash)
    const broken = passing.broken()
    return {
      staged,
      ...(isHashed && { hashed: digestOfHash(upload.algorithm, hash.copy().digest()) }),
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
function passThrough(source: Readable, hash: Hash | undefined): Passing {
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
