import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { AzureCalls } from './client.ts'
import { unavailable } from './failure.ts'
import { nameOf } from './location.ts'
import { withTries } from './tries.ts'
import type { Tries } from './tries.ts'

/** Azure's limit on one batch. */
const batchSize = 256

/**
 * Removes blobs, a batch with each call. Blocks that were never committed are left: Azure counts their blob as absent, and drops them a
 * week after the last one.
 */
export async function removeLocations(calls: AzureCalls, tries: Tries, prefix: string, locations: readonly Location[]): Promise<void> {
  const names = [...new Set(locations)].map((location) => nameOf(prefix, location))
  for (let at = 0; at < names.length; at += batchSize) await removeBatch(names.slice(at, at + batchSize))

  async function removeBatch(batch: readonly string[]): Promise<void> {
    if (batch.length === 1) return withTries(tries, (attempt) => calls.remove(batch[0]!, attempt))
    const failed = await withTries(tries, (attempt) => calls.removeAll(batch, attempt))
    // The caller asks again: what is gone by then counts as removed.
    if (failed !== undefined) throw unavailable(new Error(`a blob of a batch was not removed: ${failed.status} ${failed.code}`))
  }
}
