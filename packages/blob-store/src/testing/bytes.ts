import { createCipheriv, createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { BlobStore, ByteRange, Location } from '@roadstead/distribution/blob-store.ts'

/** Bytes that differ at every offset and for every seed, so that a shifted or repeated piece is noticed. A cipher's key stream: native, hence fast. */
export function pattern(size: number, seed = 0): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(size))
}

/** A source as a socket is one: pieces of one size. */
export function chunked(bytes: Buffer, size: number): Readable {
  return Readable.from(pieces(bytes, size), { objectMode: false })
}

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** Gives the bytes, each once the one before was taken, and then fails as a connection that breaks. */
export function breakingSource(bytes: Buffer): Readable {
  let at = 0
  return new Readable({
    read() {
      if (at < bytes.length) this.push(bytes.subarray(at, (at += 65_536)))
      else setTimeout(() => this.destroy(new Error('connection reset')), 5)
    },
  })
}

/** Gives the bytes and then neither ends nor goes on. */
export function slowSource(bytes: Buffer): Readable {
  const source = new Readable({ read() {} })
  source.push(bytes)
  return source
}

/** What tests compare: a difference between two long buffers, printed, helps nobody. */
export interface Summary {
  readonly length: number
  readonly sha256: string
}

export function summaryOf(bytes: Buffer): Summary {
  return { length: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

/** What lies at a location. */
export async function contentOf(store: BlobStore, at: Location, range?: ByteRange): Promise<Summary | undefined> {
  const stream = await store.read(at, range)
  if (stream === undefined) return undefined
  const hash = createHash('sha256')
  let length = 0
  for await (const chunk of stream) {
    hash.update(chunk as Buffer)
    length += (chunk as Buffer).length
  }
  return { length, sha256: hash.digest('hex') }
}
