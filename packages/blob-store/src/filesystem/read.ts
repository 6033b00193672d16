import { constants } from 'node:fs'
import { Readable } from 'node:stream'
import { callbackify } from 'node:util'
import type { ByteRange } from '@roadstead/distribution/blob-store.ts'
import { Unavailable } from '@roadstead/oci/errors.ts'
import { isMissing, storageFailure } from './failure.ts'
import type { FileCalls } from './file-calls.ts'
import type { Place } from './location.ts'

/** Up to this length bytes come in one piece. */
export const onePiece = 64 * 1024

/** Large bytes come in pieces of this size, of which a slow reader holds up to two, and one more that its socket has not sent. */
const pieceSize = 256 * 1024

// Reading into a buffer that stays, and copying out what came, is cheaper than a fresh 64 KiB for every blob of a few kB.
const spareBuffers = 32

export interface FileReader {
  /** Undefined where there is no file. A stream of less than 64 KiB holds all its bytes, and no descriptor, when it is handed out. */
  read(place: Place, range: ByteRange | undefined, signal: AbortSignal | undefined): Promise<Readable | undefined>
}

export function createFileReader(calls: FileCalls): FileReader {
  const spare: Buffer[] = []

  return {
    async read(place, range, signal) {
      const descriptor = await calls.open(place.file, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
        if (isMissing(error)) return undefined
        throw error
      })
      if (descriptor === undefined) return undefined
      const start = range?.first ?? 0
      const length = range === undefined ? undefined : range.last - range.first + 1
      if (length !== undefined && length > onePiece) return streamFile(calls, place, descriptor, start, start + length, signal)
      const bytes = await readPiece(descriptor, start, length ?? onePiece).catch((error: unknown) => {
        closeInPassing(descriptor)
        throw error
      })
      // A full piece where the length is not known: there may be more behind it, so the stream begins again.
      if (length === undefined && bytes.length === onePiece) return streamFile(calls, place, descriptor, start, undefined, signal)
      closeInPassing(descriptor)
      if (length !== undefined && bytes.length < length) throw tooShort(place, start + bytes.length)
      return whole(bytes)
    },
  }

  async function readPiece(descriptor: number, start: number, length: number): Promise<Buffer> {
    const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(onePiece)
    const count = await calls.read(descriptor, buffer.subarray(0, length), start)
    const bytes = Buffer.from(buffer.subarray(0, count))
    if (spare.length < spareBuffers) spare.push(buffer)
    return bytes
  }

  /** Nobody waits for it: closing a file that was only read has nothing to tell. */
  function closeInPassing(descriptor: number): void {
    calls.close(descriptor).catch(() => {})
  }
}

function whole(bytes: Buffer): Readable {
  const stream = new Readable({ read() {} })
  if (bytes.length > 0) stream.push(bytes)
  stream.push(null)
  return stream
}

/** From `start` up to `end` (not included), or to the end of the file. Closes the descriptor however it is left. */
function streamFile(
  calls: FileCalls,
  place: Place,
  descriptor: number,
  start: number,
  end: number | undefined,
  signal: AbortSignal | undefined,
): Readable {
  let position = start
  let reading: Promise<void> = Promise.resolve()

  const readNext = async (stream: Readable) => {
    const length = end === undefined ? pieceSize : Math.min(pieceSize, end - position)
    const piece = Buffer.allocUnsafeSlow(length)
    const count = length === 0 ? 0 : await calls.read(descriptor, piece, position)
    position += count
    if (count > 0) stream.push(count === piece.length ? piece : piece.subarray(0, count))
    else if (end === undefined || position === end) stream.push(null)
    else throw tooShort(place, position)
  }

  // Not under a running read: its number could by then belong to another file.
  const close = async () => {
    await reading
    await calls.close(descriptor)
  }

  return new Readable({
    ...(signal !== undefined && { signal }),
    highWaterMark: 2 * pieceSize,
    read() {
      reading = readNext(this).catch((error: unknown) => void this.destroy(storageFailure(error) as Error))
    },
    destroy(error, done) {
      callbackify(close)((failure) => done(error ?? failure))
    },
  })
}

function tooShort({ location }: Place, length: number): Unavailable {
  return new Unavailable('storage', { cause: new Error(`${location} ends at byte ${length}, too early`) })
}
