import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoredBytes } from '@roadstead/distribution/blob-store.ts'
import type { RegistryId } from '@roadstead/oci/registry.ts'
import { isMissing, storageFailure } from './failure.ts'
import { isLocation } from './location.ts'

/** Walks the folder of a registry. Files that others put there are left out; files that go meanwhile, too. */
export async function* listFiles(root: string, registry: RegistryId): AsyncGenerator<StoredBytes> {
  for (const shard of await namesIn(join(root, String(registry)))) {
    for (const name of await namesIn(join(root, String(registry), shard))) {
      const location = `${registry}/${shard}/${name}`
      if (!isLocation(location)) continue
      const state = await unlessMissing(stat(join(root, location)))
      if (state?.isFile() === true) yield { location, size: state.size, modifiedAt: state.mtime }
    }
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await unlessMissing(readdir(folder, { withFileTypes: false }))
  return names ?? []
}

async function unlessMissing<Value>(operation: Promise<Value>): Promise<Value | undefined> {
  try {
    return await operation
  } catch (error) {
    if (isMissing(error)) return undefined
    throw storageFailure(error)
  }
}
