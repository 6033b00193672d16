import { Readable } from 'node:stream'
import type { BlobStore, Location, StagedUpload } from '@roadstead/distribution/blob-store.ts'
import { collectBatches } from './batches.ts'

interface Entry {
  readonly bytes: Buffer
  readonly modifiedAt: Date
  readonly committed: boolean
}

/**
 * Bytes in the memory of the process, for tests of the rules. `now` stamps what `list` shows. Like an object store it does not
 * show what was not committed.
 */
export function createMemoryStore({ now }: { readonly now: () => Date }): BlobStore {
  const stored = new Map<Location, Entry>()
  let count = 0

  const acknowledged = ({ location, offset }: StagedUpload): Buffer => {
    const bytes = stored.get(location)?.bytes ?? Buffer.alloc(0)
    if (bytes.length < offset) throw new Error(`${location} holds ${bytes.length} bytes of ${offset} that were stored`)
    return bytes.subarray(0, offset)
  }

  return {
    minimumChunkSize: 1024 * 1024,

    begin: async (registry) => ({ location: `${registry}/${++count}` as Location, offset: 0 }),

    async append(upload, bytes, signal) {
      const source = collectBatches(bytes, signal)
      const chunks: Uint8Array[] = [acknowledged(upload)]
      for (let batch = await source.next(); batch !== undefined; batch = await source.next()) chunks.push(...batch)
      source.release()
      const all = Buffer.concat(chunks)
      if (all.length > upload.offset) stored.set(upload.location, { bytes: all, modifiedAt: now(), committed: false })
      return { ...upload, offset: all.length }
    },

    async commit(upload) {
      stored.set(upload.location, { bytes: acknowledged(upload), modifiedAt: now(), committed: true })
    },

    async abort(upload) {
      stored.delete(upload.location)
    },

    async read(at, range, signal) {
      signal?.throwIfAborted()
      const entry = stored.get(at)
      if (entry?.committed !== true) return undefined
      const { bytes } = entry
      const asked = range === undefined ? bytes : bytes.subarray(range.first, range.last + 1)
      return Readable.from(pieces(asked), { objectMode: false, ...(signal !== undefined && { signal }) })
    },

    link: async () => undefined,

    async delete(locations) {
      for (const location of locations) stored.delete(location)
    },

    async *list(registry) {
      for (const [location, { bytes, modifiedAt }] of stored) {
        if (location.startsWith(`${registry}/`)) yield { location, size: bytes.length, modifiedAt }
      }
    },
  }
}

const pieceSize = 64 * 1024

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceSize) yield bytes.subarray(at, at + pieceSize)
}
