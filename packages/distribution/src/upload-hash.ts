import type { Hash } from 'node:crypto'
import { digestOfHash } from '@roadstead/oci/digest.ts'
import type { HashedUpload } from './append-hashed.ts'
import type { PortableHash } from './portable-hash.ts'
import type { Ports } from './ports.ts'
import { startHash } from './running-hashes.ts'

/** A client that announces no more than this sends its upload in many chunks, each of which may reach another process. Bytes. */
const smallChunk = 16 * 2 ** 20

/** The hash of an upload's bytes, in the middle of them. */
export interface UploadHash {
  update(bytes: Uint8Array): void
  /** Of all bytes so far. */
  digest(): Uint8Array
  /** Puts it where the chunk that begins at `offset` will find it. Answers what the session has to keep for that. */
  keep(offset: number): { readonly hashState?: string }
}

/**
 * The hash that goes on over the next chunk, of `length` bytes as far as is known; undefined where that of the bytes before is not at hand.
 * A native hash is five times as fast, but stays in its process. So a large stream is hashed natively, and an upload that begins with a
 * small chunk portably, to its end: what began natively cannot be written down any more.
 */
export function hashOf({ hashes, portableHashes }: Ports, upload: HashedUpload, length: number | undefined): UploadHash | undefined {
  const { id, algorithm, staged, hashState } = upload
  const native = (hash: Hash): UploadHash => nativeHash(hash, (offset) => hashes.put(id, offset, algorithm, hash))
  if (staged.offset === 0) {
    const isSmall = length !== undefined && length <= smallChunk
    return isSmall && portableHashes ? keptInSession(portableHashes.start(algorithm)) : native(startHash(algorithm))
  }
  const portable = hashState === undefined ? undefined : portableHashes?.resume(algorithm, staged.offset, hashState)
  if (portable) return keptInSession(portable)
  const running = hashes.take(id, staged.offset, algorithm)
  // What this process hashed may never have been written down, and another one have stored other bytes there since.
  return running && digestOfHash(algorithm, running.copy().digest()) === upload.hashed ? native(running) : undefined
}

function nativeHash(hash: Hash, put: (offset: number) => void): UploadHash {
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => hash.copy().digest(),
    keep(offset) {
      put(offset)
      return {}
    },
  }
}

function keptInSession(hash: PortableHash): UploadHash {
  return {
    update: (bytes) => hash.update(bytes),
    digest: () => hash.digest(),
    keep: () => ({ hashState: hash.state() }),
  }
}
