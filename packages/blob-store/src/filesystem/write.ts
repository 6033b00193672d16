import { constants } from 'node:fs'
import type { Batches } from '../batches.ts'
import { isMissing, storageFailure } from './failure.ts'
import { StorageFull } from '@roadstead/oci/errors.ts'
import type { FileCalls } from './file-calls.ts'
import type { Folders } from './folders.ts'
import type { Place } from './location.ts'

/**
 * Bytes between two syncs of a long append. They run beside the writing, so that the disk is never idle, the last sync of a
 * large blob is as short as that of a small one, and one upload cannot fill the page cache with bytes that wait for the disk.
 */
const syncDistance = 32 * 1024 * 1024

export interface FileWriter {
  append(place: Place, offset: number, source: Batches): Promise<number>
  /** Makes the file exactly `length` bytes long. */
  finish(place: Place, length: number): Promise<void>
}

export function createFileWriter(calls: FileCalls, folders: Folders): FileWriter {
  return {
    async append(place, offset, source) {
      const first = await source.next()
      if (first === undefined) return offset
      const descriptor = await openForWriting(place, offset)
      try {
        const end = await writeBatches(descriptor, offset, first, source)
        await Promise.all([calls.syncData(descriptor), ...syncName(place, offset)])
        return end
      } catch (error) {
        // Gives the room back at once, for the other uploads that fight for the last of it; the caller's abort may come late.
        if (storageFailure(error) instanceof StorageFull) await calls.truncate(descriptor, offset).catch(() => {})
        throw error
      } finally {
        await calls.close(descriptor)
      }
    },

    async finish(place, length) {
      // What was acknowledged is durable, so a file of the right length needs nothing more.
      if (length > 0 && (await sizeOf(place, length)) === length) return
      const descriptor = await openForWriting(place, length)
      try {
        await calls.truncate(descriptor, length)
        await Promise.all([calls.syncData(descriptor), ...syncName(place, length)])
      } finally {
        await calls.close(descriptor)
      }
    },
  }

  /**
   * Without O_EXCL: at offset 0 a file is there when an earlier append broke before it was acknowledged. That one's name may not
   * have reached the disk either, so whoever starts at 0 syncs the folder.
   */
  async function openForWriting(place: Place, offset: number): Promise<number> {
    if (offset > 0) {
      await sizeOf(place, offset)
      return calls.open(place.file, constants.O_WRONLY | constants.O_NOFOLLOW)
    }
    const open = () => calls.open(place.file, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW)
    await folders.ensure(place)
    return open().catch(async (error: unknown) => {
      // Somebody removed empty folders while this process remembered them.
      if (!isMissing(error)) throw error
      folders.forget()
      await folders.ensure(place)
      return open()
    })
  }

  /** A file shorter than what was acknowledged would get a hole, and the hole the digest of bytes that are not there. */
  async function sizeOf(place: Place, atLeast: number): Promise<number> {
    const size = await calls.size(place.file).catch(async (error: unknown) => {
      if (!isMissing(error)) throw error
      await folders.requireMarker()
      return 0
    })
    if (size < atLeast) throw new Error(`${place.location} holds ${size} bytes of ${atLeast} that were stored`)
    return size
  }

  function syncName(place: Place, offset: number): readonly Promise<void>[] {
    return offset === 0 ? [folders.sync(place.folder)] : []
  }

  async function writeBatches(descriptor: number, offset: number, first: readonly Uint8Array[], source: Batches): Promise<number> {
    let position = offset
    let synced = offset
    let syncing: Promise<unknown> = Promise.resolve()
    try {
      for (let batch: typeof first | undefined = first; batch !== undefined; batch = await source.next()) {
        position = await writeAll(descriptor, batch, position)
        if (position - synced < syncDistance) continue
        // Linux reports a lost write to one sync only. So every one is awaited, and its error is the append's error.
        await syncing
        synced = position
        syncing = calls.syncData(descriptor)
        syncing.catch(() => {})
      }
    } finally {
      // Also on the way out with an error: the descriptor must not be closed under a running call.
      await syncing
    }
    return position
  }

  async function writeAll(descriptor: number, buffers: readonly Uint8Array[], start: number): Promise<number> {
    let position = start
    let rest = buffers
    while (rest.length > 0) {
      const written = await calls.writev(descriptor, rest, position)
      if (written === 0) throw new Error('the storage took no bytes and gave no reason')
      position += written
      rest = after(rest, written)
    }
    return position
  }
}

/** What is left of `buffers` behind the first `count` bytes. */
function after(buffers: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let skipped = 0
  for (const [index, buffer] of buffers.entries()) {
    if (skipped + buffer.byteLength > count) return [buffer.subarray(count - skipped), ...buffers.slice(index + 1)]
    skipped += buffer.byteLength
  }
  return []
}
