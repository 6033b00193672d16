import { createFilesystemStore } from '@roadstead/blob-store/filesystem.ts'
import type { BlobStore } from '@roadstead/distribution/blob-store.ts'
import { Unavailable } from '@roadstead/oci/errors.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import { storageFolder } from './storage-address.ts'

/** The store of a registry's storage account, one for each address. */
export function createStores(dataFolder: string): (registry: Registry) => BlobStore {
  const stores = new Map<string, BlobStore>()
  return ({ storage }) => {
    const known = stores.get(storage)
    if (known !== undefined) return known
    const folder = storageFolder(storage, dataFolder)
    if (folder === undefined)
      throw new Unavailable('storage', { message: 'the storage of this registry cannot be reached by this version' })
    const store = createFilesystemStore({ folder })
    stores.set(storage, store)
    return store
  }
}
