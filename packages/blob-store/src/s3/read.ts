import { Readable } from 'node:stream'
import type { ByteRange } from '@roadstead/distribution/blob-store.ts'
import type { Arriving, S3Calls } from './calls.ts'
import { S3Failure, storageFailure } from './failure.ts'
import type { Retry } from './retry.ts'
import { resumingStream } from './resuming-stream.ts'

/** Up to this length bytes come in one piece, and no connection waits for the reader. */
const onePiece = 64 * 1024

/** Milliseconds after which no further try begins: a client waits for the first byte. */
const patience = 5_000

export interface S3Reader {
  /** Undefined where there is no object. A stream that cannot go on fails; it never ends short. */
  read(key: string, range: ByteRange | undefined, signal: AbortSignal | undefined): Promise<Readable | undefined>
  /** The first `size` bytes. Throws NoSuchKey as `S3Failure`. */
  readAll(key: string, size: number): Promise<Buffer>
}

export interface ReadSettings {
  readonly calls: S3Calls
  readonly retry: Retry
  /** Milliseconds of silence while bytes are waited for. */
  readonly idle: number
}

export function createS3Reader({ calls, retry, idle }: ReadSettings): S3Reader {
  const open = async (key: string, range: ByteRange | undefined, etag: string | undefined, signal: AbortSignal | undefined) => {
    const attempt = async () => {
      // Only for the head of the answer: a body takes as long as its reader.
      const head = new AbortController()
      const timer = setTimeout(() => head.abort(), Math.min(idle, patience))
      try {
        const arriving = await calls.get(key, range, etag, head.signal)
        if (arriving !== undefined) refuseShort(arriving, range)
        return arriving
      } finally {
        clearTimeout(timer)
      }
    }
    return retry(attempt, { signal, patience, renew: calls.renew })
  }

  const whole = async (
    key: string,
    range: ByteRange | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Buffer | Arriving | undefined> => {
    const arriving = await open(key, range, undefined, signal)
    if (arriving === undefined || arriving.length > onePiece) return arriving
    return collect(stream(key, arriving, range, signal))
  }

  const stream = (key: string, arriving: Arriving, range: ByteRange | undefined, signal: AbortSignal | undefined): Readable => {
    const first = range?.first ?? 0
    const last = first + arriving.length - 1
    // The entity tag: a range of another object must never be put behind the first one's bytes.
    const reopen = async (position: number) =>
      (await open(key, { first: first + position, last }, arriving.etag, signal).catch(asUnavailable))?.body
    return resumingStream({ body: arriving.body, length: arriving.length, reopen, idle, signal })
  }

  return {
    async read(key, range, signal) {
      const found = await whole(key, range, signal)
      if (found === undefined) return undefined
      return Buffer.isBuffer(found)
        ? Readable.from(found.length === 0 ? [] : [found], { objectMode: false })
        : stream(key, found, range, signal)
    },

    async readAll(key, size) {
      const range = { first: 0, last: size - 1 }
      const arriving = await open(key, range, undefined, undefined)
      if (arriving === undefined)
        throw new S3Failure(
          'GetObject',
          Object.assign(new Error(`${key} is gone`), { Code: 'NoSuchKey', $metadata: { httpStatusCode: 404 } }),
        )
      return collect(stream(key, arriving, range, undefined))
    },
  }
}

function asUnavailable(error: unknown): never {
  throw storageFailure(error)
}

async function collect(stream: Readable): Promise<Buffer> {
  return Buffer.concat((await stream.toArray()) as Buffer[])
}

function refuseShort({ body, length }: Arriving, range: ByteRange | undefined): void {
  if (range === undefined || length === range.last - range.first + 1) return
  body.destroy()
  throw new S3Failure('GetObject', new Error(`${length} bytes came for the range ${range.first}-${range.last}`))
}
