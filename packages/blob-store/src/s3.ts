import { randomBytes } from 'node:crypto'
import type { BlobStore, Location, StagedUpload, StoredBytes } from '@roadstead/distribution/blob-store.ts'
import type { RegistryId } from '@roadstead/oci/registry.ts'
import { collectBatches } from './batches.ts'
import { storageFailure } from './s3/failure.ts'
import { abortUpload, commitUpload } from './s3/finish.ts'
import { createKnownObjects } from './s3/known-objects.ts'
import { createLinks } from './s3/links.ts'
import { keysUnder, makeLocation } from './s3/location.ts'
import { progressOf } from './s3/memo.ts'
import { equalParts, growingParts } from './s3/part-plan.ts'
import { createS3Reader } from './s3/read.ts'
import { removeLocations } from './s3/remove.ts'
import { createRetry } from './s3/retry.ts'
import type { S3Settings } from './s3/settings.ts'
import { createS3Calls } from './s3/sdk.ts'
import { createUploadMemory } from './s3/upload-memory.ts'
import { appendBytes } from './s3/write.ts'

export interface S3Store extends BlobStore {
  /**
   * Aborts multipart uploads whose last part came before `before`: of a registry, or of all under the store's prefix. The net below the
   * sweeper and a lifecycle rule of the bucket. Answers how many there were.
   */
  abortStaleUploads(before: Date, registry?: RegistryId): Promise<number>
  /** Ends all connections. */
  close(): void
}

const mebibyte = 1024 * 1024

/** One object per blob, written where it stays: at once where it is small, as one multipart upload otherwise. */
export function createS3Store(settings: S3Settings): S3Store {
  const { address, newName = () => randomBytes(16).toString('hex'), now = () => new Date(), random = Math.random } = settings
  const { attempts = 6, patience = 20_000, timeouts = { connect: 3_000, idle: 15_000 } } = settings
  const retry = createRetry({ attempts, patience, random, now: () => performance.now() })
  const calls = createS3Calls({ address, credentials: settings.credentials, retry, timeouts })
  const keys = keysUnder(address.prefix)
  const reader = createS3Reader({ calls, retry, idle: timeouts.idle })
  const known = createKnownObjects()
  const links = createLinks(calls, keys, now)
  const plan = address.partSize === undefined ? growingParts : equalParts(address.partSize)
  const { memory = createUploadMemory(256 * mebibyte) } = settings
  const write = { calls, keys, reader, plan, memory, newTailName: () => newName().slice(0, 16) }
  const finish = { calls, keys, reader, known }

  const remember = (upload: StagedUpload): StagedUpload => {
    if (upload.offset > 0 && progressOf(upload).whole) known.add(upload.location)
    return upload
  }
  const forget = (at: Location) => {
    known.forget(at)
    links.forget(at)
  }

  return {
    // What is shorter than a part has to be read back by the next chunk.
    minimumChunkSize: plan.target(0),

    begin: async (registry) => ({ location: makeLocation(registry, newName()), offset: 0 }),

    async append(upload, bytes, signal) {
      const source = collectBatches(bytes, signal)
      try {
        return remember(await answering(appendBytes(write, upload, source)))
      } finally {
        source.release()
      }
    },

    commit: (upload) => answering(commitUpload(finish, upload)),

    async abort(upload) {
      forget(upload.location)
      await answering(abortUpload(finish, upload))
    },

    read: async (at, range, signal) => answering(reader.read(keys.blob(at), range, signal)),

    link: async (at, expires) => answering(links.to(at, expires)),

    async delete(locations) {
      for (const at of locations) forget(at)
      await answering(removeLocations(calls, keys, locations))
    },

    list: (registry) => everythingOf(registry),

    async abortStaleUploads(before, registry) {
      let count = 0
      for await (const { key, upload, modifiedAt } of calls.unfinished(keys.of(registry))) {
        if (modifiedAt >= before || keys.unfinishedAt({ key, upload }) === undefined) continue
        await answering(calls.abortUpload({ key, upload }))
        count += 1
      }
      return count
    },

    close: calls.close,
  }

  async function* everythingOf(registry: RegistryId): AsyncGenerator<StoredBytes> {
    try {
      for await (const { key, size, modifiedAt } of calls.list(keys.of(registry))) {
        const location = keys.locationOf(key)
        if (location !== undefined) yield { location, size, modifiedAt }
      }
      for await (const { size, modifiedAt, ...unfinished } of calls.unfinished(keys.of(registry))) {
        const location = keys.unfinishedAt(unfinished)
        if (location !== undefined) yield { location, size, modifiedAt }
      }
    } catch (error) {
      throw storageFailure(error)
    }
  }
}

async function answering<Value>(operation: Promise<Value>): Promise<Value> {
  try {
    return await operation
  } catch (error) {
    throw storageFailure(error)
  }
}
