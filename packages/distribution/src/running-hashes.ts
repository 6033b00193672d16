import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import type { DigestAlgorithm } from '@roadstead/oci/digest.ts'

/**
 * Hashes of uploads in the middle of their bytes. Native hashes are five times as fast as any whose state can be written down, but they live
 * in one process only. So this is a cache: what is not found here, because the upload began elsewhere or long ago, is read back and
 * hashed again.
 */
export interface RunningHashes {
  /** The hash over the first `offset` bytes, and no longer held: whoever takes it goes on with it. */
  take(session: string, offset: number, algorithm: DigestAlgorithm): Hash | undefined
  put(session: string, offset: number, algorithm: DigestAlgorithm, hash: Hash): void
  drop(session: string): void
}

interface Entry {
  readonly offset: number
  readonly algorithm: DigestAlgorithm
  readonly hash: Hash
}

/** Keeps at most `limit` hashes, about 0.5 kB each; the one that was put longest ago goes first. */
export function createRunningHashes(limit = 10_000): RunningHashes {
  const entries = new Map<string, Entry>()
  return {
    take(session, offset, algorithm) {
      const entry = entries.get(session)
      if (entry === undefined) return undefined
      entries.delete(session)
      return entry.offset === offset && entry.algorithm === algorithm ? entry.hash : undefined
    },
    put(session, offset, algorithm, hash) {
      entries.delete(session)
      entries.set(session, { offset, algorithm, hash })
      if (entries.size > limit) entries.delete(entries.keys().next().value!)
    },
    drop(session) {
      entries.delete(session)
    },
  }
}

export function startHash(algorithm: DigestAlgorithm): Hash {
  return createHash(algorithm)
}
