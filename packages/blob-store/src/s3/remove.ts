import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { S3Calls } from './calls.ts'
import type { Keys, Unfinished } from './location.ts'

/** Keys that one call removes. */
const batchSize = 1_000

/** Removes objects by the batch, and aborts uploads that `list` found. */
export async function removeLocations(calls: S3Calls, keys: Keys, locations: readonly Location[]): Promise<void> {
  const targets = [...new Set(locations)].map((at) => keys.removable(at))
  const objects = targets.filter((target): target is string => typeof target === 'string')
  for (let at = 0; at < objects.length; at += batchSize) await calls.delete(objects.slice(at, at + batchSize))
  for (const target of targets) if (isUnfinished(target)) await calls.abortUpload(target)
}

function isUnfinished(target: string | Unfinished): target is Unfinished {
  return typeof target === 'object'
}
