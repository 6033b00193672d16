import { createHash } from 'node:crypto'
import type { Batches } from '../batches.ts'
import type { BlockSize } from './block-size.ts'
import type { Body } from './client.ts'
import type { Room } from './room.ts'

/** A block that was collected, not sent yet. */
export interface Block extends Body {
  /** The source has nothing behind it. */
  readonly isLast: boolean
  /** Batches that it holds of the shared room. */
  readonly reserved: number
}

/** Blocks of one append that are on their way. */
export interface Sending {
  readonly count: () => number
  /** Resolves when one of them arrived; throws where one did not. */
  readonly oneDone: () => Promise<unknown>
}

/**
 * Collects the next block. One batch of an upload needs no room: as long as nothing else of it is on its way it gets on, however
 * many others there are. Every further batch has to fit in; where it does not, the block goes as short as it is.
 */
export async function collectBlock(
  source: Batches,
  room: Room,
  sending: Sending,
  want: Pick<BlockSize, 'full' | 'mayBeShort'>,
): Promise<Block> {
  const chunks: Uint8Array[] = []
  const md5 = createHash('md5')
  let size = 0
  let reserved = 0
  let isLast = false
  try {
    while (size < want.full) {
      const isFree = size === 0 && sending.count() === 0
      const isTaken = !isFree && !room.take()
      if (isTaken && size === 0) {
        await sending.oneDone()
        continue
      }
      if (isTaken && want.mayBeShort) break
      if (!isFree && !isTaken) reserved += 1
      const batch = await source.next()
      if (batch === undefined) {
        isLast = true
        break
      }
      for (const chunk of joined(batch)) {
        chunks.push(chunk)
        md5.update(chunk)
        size += chunk.byteLength
      }
    }
  } catch (error) {
    room.give(reserved)
    throw error
  }
  return { chunks, size, md5: md5.digest(), isLast, reserved }
}

/** The same with bytes before it. */
export function withBytesBefore(bytes: Uint8Array, block: Block): Block {
  return { ...block, ...bodyOf([bytes, ...block.chunks]) }
}

export function bodyOf(chunks: readonly Uint8Array[]): Body {
  const md5 = createHash('md5')
  let size = 0
  for (const chunk of chunks) {
    md5.update(chunk)
    size += chunk.byteLength
  }
  return { chunks, size, md5: md5.digest() }
}

// A client that sends a byte at a time would otherwise have 128 MiB of objects around every megabyte of bytes.
const smallChunk = 4096

function joined(batch: readonly Uint8Array[]): readonly Uint8Array[] {
  const size = batch.reduce((sum, { byteLength }) => sum + byteLength, 0)
  return batch.length > 1 && size / batch.length < smallChunk ? [Buffer.concat(batch)] : batch
}
