import type { Account } from './upload-memory.ts'

/** Bytes in the order in which they came, until they are enough for a part. */
export interface Gathered {
  readonly size: () => number
  push(chunks: readonly Uint8Array[]): void
  /** The first `count` bytes in one piece. They stay on the account: whoever takes them gives them back. */
  take(count: number): Buffer
}

/** Chunks of a batch below this length on average are joined at once: a thousand small objects cost more memory than their bytes. */
const worthKeeping = 16 * 1024

export function createGathered(account: Account): Gathered {
  let chunks: Uint8Array[] = []
  let size = 0

  return {
    size: () => size,

    push(batch) {
      const length = batch.reduce((sum, { byteLength }) => sum + byteLength, 0)
      account.add(length)
      size += length
      if (length / batch.length < worthKeeping) chunks.push(Buffer.concat(batch))
      else chunks.push(...batch)
    },

    take(count) {
      const piece = Buffer.allocUnsafeSlow(count)
      let filled = 0
      let used = 0
      while (filled < count) {
        const chunk = chunks[used]!
        const part = chunk.subarray(0, count - filled)
        piece.set(part, filled)
        filled += part.byteLength
        if (part.byteLength === chunk.byteLength) used += 1
        else chunks[used] = chunk.subarray(part.byteLength)
      }
      chunks = chunks.slice(used)
      size -= count
      return piece
    },
  }
}
