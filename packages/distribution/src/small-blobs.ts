import type { Location } from './blob-store.ts'

/** Blobs up to this size are read whole: configs, signatures, bills of materials, the empty descriptor. Bytes. */
export const smallBlobLimit = 64 * 1024

/**
 * Small blobs that were read before. Bytes at a location never change and a location is never used again, so nothing here can become
 * wrong; who may read them is asked of the database each time.
 */
export interface SmallBlobs {
  get(at: Location): Buffer | undefined
  put(at: Location, bytes: Buffer): void
}

/** Holds at most `limit` bytes; what was read longest ago goes first. */
export function createSmallBlobs(limit = 64 * 1024 * 1024): SmallBlobs {
  const known = new Map<Location, Buffer>()
  let held = 0
  const forget = (at: Location): void => {
    held -= known.get(at)?.length ?? 0
    known.delete(at)
  }
  return {
    get(at) {
      const bytes = known.get(at)
      if (bytes === undefined) return undefined
      known.delete(at)
      known.set(at, bytes)
      return bytes
    },
    put(at, bytes) {
      if (bytes.length > limit) return
      forget(at)
      known.set(at, bytes)
      held += bytes.length
      for (const oldest of known.keys()) {
        if (held <= limit) break
        forget(oldest)
      }
    },
  }
}
