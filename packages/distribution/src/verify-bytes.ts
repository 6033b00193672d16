import type { Hash } from 'node:crypto'
import { digestAlgorithm, digestOfHash } from '@roadstead/oci/digest.ts'
import type { BlobStore } from './blob-store.ts'
import type { StoredBlob } from './metadata.ts'
import { startHash } from './running-hashes.ts'

export type BytesState = 'sound' | 'missing' | 'of another size' | 'of another digest'

/** Told of every piece that was read, in bytes; what it answers is waited for, so it can slow the reading down. */
export type OnBytes = (count: number) => Promise<void> | void

/** Reads all bytes of a blob and hashes them. Holds one piece of them at a time. */
export async function checkBytes(store: BlobStore, blob: StoredBlob, onBytes?: OnBytes, signal?: AbortSignal): Promise<BytesState> {
  const bytes = await store.read(blob.location, undefined, signal)
  if (bytes === undefined) return 'missing'
  const hash = startHash(digestAlgorithm(blob.digest))
  let count = 0
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    count += chunk.length
    if (count > blob.size) return 'of another size'
    hash.update(chunk)
    await onBytes?.(chunk.length)
  }
  return stateOf(blob, count, hash)
}

/** What is known once all bytes, `count` of them, went through `hash`. */
export function stateOf({ digest, size }: StoredBlob, count: number, hash: Hash): BytesState {
  if (count !== size) return 'of another size'
  return digestOfHash(digestAlgorithm(digest), hash.digest()) === digest ? 'sound' : 'of another digest'
}
