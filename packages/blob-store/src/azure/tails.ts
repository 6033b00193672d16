import type { Readable } from 'node:stream'
import type { Location } from '@roadstead/distribution/blob-store.ts'
import { unavailable, hasCode } from './failure.ts'
import type { AzureCalls, Body } from './client.ts'
import { makeLocation, nameOf, registryOf } from './location.ts'
import type { Tail } from './memo.ts'
import { withTries } from './tries.ts'
import type { Attempt, Tries } from './tries.ts'

/** A tail with more pieces than this becomes a block, however small. Azure's limit is 50,000. */
const maximumPieces = 10_000

export interface Tails {
  /**
   * Keeps bytes behind `tail`, or in a new tail. Undefined where the tail has grown since, by an append that nobody acknowledged or by a
   * try whose answer was lost, or has as many pieces as it may have: the bytes have to go into a block together with the tail's.
   */
  park(beside: Location, tail: Tail | undefined, body: Body): Promise<Tail | undefined>
  /** The bytes that count. Undefined where the tail is gone. */
  read(tail: Tail): Promise<Buffer | undefined>
}

export function createTails(calls: AzureCalls, tries: Tries, prefix: string, newName: () => string): Tails {
  return {
    async park(beside, tail, body) {
      if (tail !== undefined && tail.pieces >= maximumPieces) return undefined
      const { location, length, pieces } = tail ?? (await create(beside))
      const isKept = await extend(location, length, body)
      return isKept ? { location, length: length + body.size, pieces: pieces + 1 } : undefined
    },

    read: ({ location, length }) =>
      withTries(tries, async (attempt) => {
        const answer = await calls.download(nameOf(prefix, location), 0, length, undefined, attempt)
        if (answer === undefined) return undefined
        const bytes = await allOf(answer.body, attempt)
        if (bytes.length !== length) throw unavailable(new Error(`the tail ${location} gave ${bytes.length} bytes of ${length}`))
        return bytes
      }),
  }

  async function create(beside: Location): Promise<Tail> {
    const location = makeLocation(registryOf(beside), newName())
    await withTries(tries, (attempt) => calls.createTail(nameOf(prefix, location), attempt)).catch((error: unknown) => {
      // Its name is nobody else's: an earlier try made it, and the answer was lost.
      if (!hasCode(error, 'BlobAlreadyExists', 'ConditionNotMet')) throw error
    })
    return { location, length: 0, pieces: 0 }
  }

  async function extend(location: Location, position: number, body: Body): Promise<boolean> {
    try {
      await withTries(tries, (attempt) => calls.extendTail(nameOf(prefix, location), position, body, attempt))
      return true
    } catch (error) {
      if (hasCode(error, 'AppendPositionConditionNotMet')) return false
      throw error
    }
  }
}

/** A body that breaks off is an answer cut short: asked for again. */
async function allOf(body: Readable, { signal, moved }: Attempt): Promise<Buffer> {
  const leave = () => void body.destroy()
  signal.addEventListener('abort', leave)
  try {
    const chunks: Buffer[] = []
    for await (const chunk of body) {
      moved()
      chunks.push(chunk as Buffer)
    }
    return Buffer.concat(chunks)
  } catch (error) {
    throw unavailable(error)
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
