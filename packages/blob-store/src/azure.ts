import { randomBytes } from 'node:crypto'
import type { BlobStore, Location } from '@roadstead/distribution/blob-store.ts'
import { appendBlocks } from './azure/append.ts'
import type { AzureAddress } from './azure/address.ts'
import { blockSizeAfter } from './azure/block-size.ts'
import type { BlockSize } from './azure/block-size.ts'
import { createAzureCalls } from './azure/client.ts'
import { abortBlocks, commitBlocks } from './azure/commit.ts'
import type { AzureCredential } from './azure/credential.ts'
import { createLinks } from './azure/links.ts'
import { listLocations } from './azure/list.ts'
import { makeLocation, nameOf } from './azure/location.ts'
import { prepareContainer } from './azure/prepare.ts'
import { readBlob } from './azure/read.ts'
import { removeLocations } from './azure/remove.ts'
import { createRoom } from './azure/room.ts'
import { createTails } from './azure/tails.ts'
import { usualTries } from './azure/tries.ts'
import type { Tries } from './azure/tries.ts'
import { batchSize, collectBatches } from './batches.ts'

export { parseAzureAddress } from './azure/address.ts'
export type { AzureAddress } from './azure/address.ts'
export { accountKey } from './azure/credential.ts'
export type { AzureCredential } from './azure/credential.ts'
export { platformIdentity } from './azure/identity.ts'

export interface AzureSettings {
  readonly address: AzureAddress
  readonly credential: AzureCredential
  /**
   * Bytes that all uploads together may hold to send several blocks at once. Each upload holds up to 2 MiB beside it, and one that is
   * larger than 16 GiB the block that it sends. Default: 128 MiB.
   */
  readonly memory?: number
  readonly tries?: Tries
  /** How large the block becomes that follows so many. */
  readonly blockSizeAfter?: (used: number) => BlockSize
  readonly now?: () => Date
  /** 32 hexadecimal digits that were never given out before and cannot be guessed. */
  readonly newName?: () => string
}

const usualMemory = 128 * 1024 * 1024

/**
 * One block blob per upload. Appending stages blocks, committing names those that count. Also for a blob of one block: put in one
 * call, its bytes could be read before the commit, and the commit would have to look whether they are those of this upload; two
 * calls as well, and the wrong ones under a race.
 */
export function createAzureStore(settings: AzureSettings): BlobStore {
  const { address, credential, memory = usualMemory, tries = usualTries, now = () => new Date() } = settings
  const { newName = () => randomBytes(16).toString('hex'), blockSizeAfter: sizeAfter = blockSizeAfter } = settings
  const { prefix } = address
  const calls = createAzureCalls(address, credential)
  const remove = (locations: readonly Location[]) => removeLocations(calls, tries, prefix, locations)
  const store = {
    calls,
    tries,
    prefix,
    room: createRoom(Math.floor(memory / batchSize)),
    blockSizeAfter: sizeAfter,
    tails: createTails(calls, tries, prefix, newName),
    newNonce: () => randomBytes(9).toString('base64'),
    // What is left is listed, named by no row, and found by the sweeper.
    removeQuietly: (locations: readonly Location[]) => remove(locations).catch(() => {}),
  }
  const link = createLinks({ calls, tries, prefix, now, byIdentity: !('key' in credential) })

  return {
    minimumChunkSize: 1024 * 1024,

    begin: async (registry) => ({ location: makeLocation(registry, newName()), offset: 0 }),

    async append(upload, bytes, signal) {
      nameOf(prefix, upload.location)
      const source = collectBatches(bytes, signal)
      try {
        return await appendBlocks(store, upload, source)
      } finally {
        source.release()
      }
    },

    commit: (upload) => commitBlocks(store, upload),
    abort: (upload) => abortBlocks(store, upload),
    read: (at, range, signal) => readBlob(store, at, range, signal),
    link,
    delete: remove,
    list: (registry) => listLocations(calls, tries, prefix, registry, now),
  }
}

/** Makes sure that the store's container is there. To be called once, at the start. */
export function prepareAzureStore({ address, credential, tries = usualTries }: AzureSettings): Promise<void> {
  return prepareContainer(createAzureCalls(address, credential), tries)
}
