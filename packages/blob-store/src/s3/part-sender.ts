import type { S3Calls } from './calls.ts'
import { sizeOf } from './memo.ts'
import type { Part, Progress } from './memo.ts'
import type { Account, UploadMemory } from './upload-memory.ts'

/** Parts of one upload on their way at the same time: so many, of together so many bytes, but always one. */
const mostParts = 4
const mostBytes = 32 * 1024 * 1024

/** Sends the parts of one append, several at a time. After a failure every call throws it. */
export interface PartSender {
  /** Where the next part starts. */
  readonly offset: () => number
  /** Resolves when the part is on its way. */
  send(body: Buffer): Promise<void>
  /** Resolves when no part is on its way while memory is scarce. */
  ease(): Promise<void>
  /** Resolves when all parts have arrived. */
  finish(): Promise<{ readonly upload: string | undefined; readonly parts: readonly Part[] }>
  /** Resolves when no part is on its way any more. */
  cancel(): Promise<void>
}

export function createPartSender(calls: S3Calls, key: string, before: Progress, memory: UploadMemory, account: Account): PartSender {
  const parts = [...before.parts]
  const stop = new AbortController()
  const flying = new Set<Promise<void>>()
  let count = parts.length
  let offset = sizeOf(parts)
  let upload = before.upload
  let failure: unknown

  const settle = async (most: number) => {
    while (flying.size > most) await Promise.race(flying)
    if (failure !== undefined) throw failure
  }
  const others = (size: number) => (memory.isScarce() ? 0 : Math.min(mostParts - 1, Math.max(0, Math.floor(mostBytes / size) - 1)))

  const fly = async (number: number, to: string, body: Buffer) => {
    try {
      parts[number - 1] = await calls.putPart({ key, upload: to }, number, body, stop.signal)
    } catch (error) {
      // The first failure is the reason; the others end because of it.
      failure ??= error
      stop.abort()
    }
    account.add(-body.length)
  }

  return {
    offset: () => offset,

    async send(body) {
      await settle(others(body.length))
      upload ??= await calls.createUpload(key)
      count += 1
      offset += body.length
      const flight = fly(count, upload, body).finally(() => flying.delete(flight))
      flying.add(flight)
    },

    ease: () => settle(memory.isScarce() ? 0 : Infinity),

    async finish() {
      await settle(0)
      return { upload, parts }
    },

    async cancel() {
      stop.abort()
      await Promise.all(flying)
      // Nobody else knows an upload that this append began. Not waited for: the caller is to hear of the failure now.
      if (upload !== undefined && before.upload === undefined) calls.abortUpload({ key, upload }).catch(() => {})
    },
  }
}
