import { randomBytes } from 'node:crypto'
import type { BlobStore } from '@roadstead/distribution/blob-store.ts'
import { collectBatches } from './batches.ts'
import { isMissing, storageFailure } from './filesystem/failure.ts'
import { fileCalls } from './filesystem/file-calls.ts'
import type { FileCalls } from './filesystem/file-calls.ts'
import { createFolders } from './filesystem/folders.ts'
import { listFiles } from './filesystem/list.ts'
import { makeLocation, placeOf } from './filesystem/location.ts'
import { createFileReader } from './filesystem/read.ts'
import { createFileWriter } from './filesystem/write.ts'

export interface FilesystemSettings {
  /** Made ready by `prepareFolder`. Several processes, and several machines over a shared file system, may use it at once. */
  readonly folder: string
  /** 32 hexadecimal digits that were never given out before and cannot be guessed. */
  readonly newName?: () => string
  readonly calls?: FileCalls
}

/**
 * One file per upload, written where it stays: a commit only cuts off what nobody acknowledged. Uncommitted bytes can be read as well;
 * whether bytes are a blob, the facts decide.
 */
export function createFilesystemStore(settings: FilesystemSettings): BlobStore {
  const { folder, newName = () => randomBytes(16).toString('hex'), calls = fileCalls } = settings
  const folders = createFolders(folder, calls)
  const writer = createFileWriter(calls, folders)
  const reader = createFileReader(calls)

  return {
    minimumChunkSize: 1024 * 1024,

    begin: async (registry) => ({ location: makeLocation(registry, newName()), offset: 0 }),

    async append(upload, bytes, signal) {
      const place = placeOf(folder, upload.location)
      const source = collectBatches(bytes, signal)
      try {
        return { ...upload, offset: await writer.append(place, upload.offset, source) }
      } catch (error) {
        throw storageFailure(error)
      } finally {
        source.release()
      }
    },

    // async also where a promise is there anyway: a location that is none has to be a rejection like every other failure.
    commit: async (upload) => answering(writer.finish(placeOf(folder, upload.location), upload.offset)),

    abort: (upload) => remove(upload.location),

    async read(at, range, signal) {
      const place = placeOf(folder, at)
      signal?.throwIfAborted()
      const stream = await answering(reader.read(place, range, signal))
      if (stream === undefined) await answering(folders.requireMarker())
      return stream
    },

    link: async () => undefined,

    async delete(locations) {
      // One after the other: freeing large files takes long, and the threads that do it are those that serve reads.
      for (const location of locations) await remove(location)
    },

    list: (registry) => listFiles(folder, registry),
  }

  async function remove(location: Parameters<BlobStore['read']>[0]): Promise<void> {
    const { file } = placeOf(folder, location)
    await calls.unlink(file).catch((error: unknown) => {
      if (!isMissing(error)) throw storageFailure(error)
    })
  }
}

async function answering<Value>(operation: Promise<Value>): Promise<Value> {
  try {
    return await operation
  } catch (error) {
    throw storageFailure(error)
  }
}
