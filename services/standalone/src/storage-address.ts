import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Address of the storage account inside the data folder. Not written as the folder's path: database and blobs lie in the same folder,
 * so the whole of it can be moved or mounted elsewhere.
 */
export const embeddedStorage = 'embedded:blobs'

/** The folder that the address of a storage account names; undefined for one that this version does not know. */
export function storageFolder(address: string, dataFolder: string): string | undefined {
  if (address === embeddedStorage) return resolve(dataFolder, 'blobs')
  return address.startsWith('file://') ? fileURLToPath(address) : undefined
}
