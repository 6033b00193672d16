import type { Location, StagedUpload } from '@roadstead/distribution/blob-store.ts'
import type { Batches } from '../batches.ts'
import type { BlockSize } from './block-size.ts'
import { collectBlock, withBytesBefore } from './blocks.ts'
import type { Block, Sending } from './blocks.ts'
import type { AzureCalls, Body } from './client.ts'
import { nameOf } from './location.ts'
import { blockId, countBlocks, readMemo, writeMemo } from './memo.ts'
import type { Memo, Tail } from './memo.ts'
import type { Room } from './room.ts'
import type { Tails } from './tails.ts'
import { withTries } from './tries.ts'
import type { Attempt, Tries } from './tries.ts'

/** Blocks of one upload that are on their way at once. */
const parallelBlocks = 4

export interface Appending {
  readonly calls: AzureCalls
  readonly tries: Tries
  readonly prefix: string
  readonly room: Room
  readonly tails: Tails
  /** The size of the block that follows so many. */
  readonly blockSizeAfter: (used: number) => BlockSize
  /** Twelve characters of base64 that were never given out before. */
  readonly newNonce: () => string
  /** Removes what no upload needs any more, sooner or later. */
  readonly removeQuietly: (locations: readonly Location[]) => Promise<void>
}

/**
 * Sends what the source gives as blocks, some of them at once, and answers once all have arrived. The blocks of an append that nobody acknowledges are
 * named by nobody: the next append writes others.
 */
export async function appendBlocks(store: Appending, upload: StagedUpload, source: Batches): Promise<StagedUpload> {
  const name = nameOf(store.prefix, upload.location)
  const before = readMemo(upload.memo)
  const used = countBlocks(before.runs)
  const nonce = store.newNonce()
  const line = sendingLine(store, (index, body, attempt) => store.calls.stageBlock(name, blockId(nonce, index), body, attempt))
  // Published by whoever published this upload: no state that can still win needs them.
  const cleaning = store.removeQuietly(before.obsolete)
  const obsolete: Location[] = []
  let { tail } = before
  let size = 0

  /** Parks a block that is too small, or sends it, with the tail before it. */
  const place = async (block: Block, least: number): Promise<void> => {
    const isSmall = block.isLast && (tail?.length ?? 0) + block.size < least
    const parked = isSmall ? await store.tails.park(upload.location, tail, block) : undefined
    if (parked !== undefined) {
      tail = parked
      return line.skip(block)
    }
    if (tail === undefined) return line.send(block)
    const bytes = await store.tails.read(tail)
    if (bytes === undefined) throw new Error(`${upload.location} has lost ${tail.length} bytes that were stored`)
    obsolete.push(tail.location)
    tail = undefined
    line.send(withBytesBefore(bytes, block))
  }

  try {
    for (let isLast = false; !isLast;) {
      await line.hasRoom()
      const wanted = store.blockSizeAfter(used + line.sent())
      const block = await collectBlock(source, store.room, line, wanted)
      isLast = block.isLast
      size += block.size
      if (block.size === 0) line.skip(block)
      else await place(block, wanted.least).catch((error: unknown) => line.drop(block, error))
    }
    await line.allDone()
  } catch (error) {
    await line.stop(error)
    throw error
  } finally {
    await cleaning
  }
  if (size === 0) return upload
  return { location: upload.location, offset: upload.offset + size, ...memoOf(before, { nonce, count: line.sent() }, tail, obsolete) }
}

function memoOf(
  { runs }: Memo,
  run: Memo['runs'][number],
  tail: Tail | undefined,
  obsolete: readonly Location[],
): Pick<StagedUpload, 'memo'> {
  const memo = writeMemo({ runs: run.count === 0 ? runs : [...runs, run], obsolete, ...(tail !== undefined && { tail }) })
  return memo === undefined ? {} : { memo }
}

interface Line extends Sending {
  readonly sent: () => number
  /** Resolves when one more block may be collected. */
  readonly hasRoom: () => Promise<void>
  readonly send: (block: Block) => void
  /** Gives back what a block holds that is not sent. */
  readonly skip: (block: Block) => void
  /** The same, because of an error, which it throws. */
  readonly drop: (block: Block, error: unknown) => never
  readonly allDone: () => Promise<void>
  readonly stop: (reason: unknown) => Promise<void>
}

/** Blocks on their way: several at once, and when one fails the others are called back. */
function sendingLine({ tries, room }: Appending, stage: (index: number, body: Body, attempt: Attempt) => Promise<void>): Line {
  const under = new Set<Promise<void>>()
  const stopping = new AbortController()
  let sent = 0
  let failure: { readonly error: unknown } | undefined

  const oneDone = async () => {
    await Promise.race(under)
    if (failure !== undefined) throw failure.error
  }
  const run = async (index: number, block: Block) => {
    try {
      await withTries(tries, (attempt) => stage(index, block, attempt), stopping.signal)
    } catch (error) {
      failure ??= { error }
      stopping.abort(error)
    } finally {
      room.give(block.reserved)
    }
  }

  return {
    count: () => under.size,
    sent: () => sent,
    oneDone,
    async hasRoom() {
      while (under.size >= parallelBlocks) await oneDone()
      if (failure !== undefined) throw failure.error
    },
    send(block) {
      const index = sent++
      const sending: Promise<void> = run(index, block).finally(() => under.delete(sending))
      under.add(sending)
    },
    skip: ({ reserved }) => room.give(reserved),
    drop({ reserved }, error) {
      room.give(reserved)
      throw error
    },
    async allDone() {
      await Promise.all(under)
      if (failure !== undefined) throw failure.error
    },
    async stop(reason) {
      stopping.abort(reason)
      await Promise.all(under)
    },
  }
}
