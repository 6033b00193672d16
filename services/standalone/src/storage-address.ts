import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAzureAddress } from '@roadstead/blob-store/azure/address.ts'
import type { AzureAddress } from '@roadstead/blob-store/azure/address.ts'
import { parseS3Address } from '@roadstead/blob-store/s3/address.ts'
import type { S3Address } from '@roadstead/blob-store/s3/settings.ts'

/**
 * Address of the storage account inside the data folder. Not written as the folder's path: database and blobs lie in the same folder,
 * so the whole of it can be moved or mounted elsewhere.
 */
export const embeddedStorage = 'embedded:blobs'

/** Where a storage account keeps its bytes. */
export type StoragePlace =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 's3'; readonly address: S3Address }
  | { readonly kind: 'azure'; readonly address: AzureAddress }

/** Reads the address of a storage account. Throws an Error for one that this version does not know. */
export function storagePlace(text: string, dataFolder: string): StoragePlace {
  if (text === embeddedStorage) return { kind: 'folder', folder: resolve(dataFolder, 'blobs') }
  const scheme = text.slice(0, text.indexOf(':'))
  if (scheme === 's3') return { kind: 's3', address: parseS3Address(text) }
  if (scheme === 'azure') return { kind: 'azure', address: parseAzureAddress(text) }
  if (scheme !== 'file') throw new Error('a storage account is a folder, an S3 bucket or an Azure container')
  return { kind: 'folder', folder: fileURLToPath(text) }
}

/** The text of the setting where it names a place; undefined, or an Error that is thrown: it is wrong. */
export function parseStorage(text: string): string | undefined {
  if (/^(?:s3|azure):/.test(text)) storagePlace(text, '')
  return text === embeddedStorage || /^(?:s3|azure):/.test(text) || isFolder(text) ? text : undefined
}

function isFolder(text: string): boolean {
  const { protocol, host, search, hash, pathname = '' } = URL.parse(text) ?? {}
  return protocol === 'file:' && host === '' && search === '' && hash === '' && pathname.length > 1
}
