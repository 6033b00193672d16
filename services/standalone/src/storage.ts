import type { AzureCredential } from '@roadstead/blob-store/azure/credential.ts'
import type { AzureAddress } from '@roadstead/blob-store/azure/address.ts'
import { createFilesystemStore } from '@roadstead/blob-store/filesystem.ts'
import { checkFolder, prepareFolder } from '@roadstead/blob-store/filesystem/prepare.ts'
import type { S3Address, S3Credentials } from '@roadstead/blob-store/s3/settings.ts'
import { createUploadMemory } from '@roadstead/blob-store/s3/upload-memory.ts'
import type { UploadMemory } from '@roadstead/blob-store/s3/upload-memory.ts'
import type { BlobStore } from '@roadstead/distribution/blob-store.ts'
import { Unavailable } from '@roadstead/oci/errors.ts'
import type { Registry, RegistryId } from '@roadstead/oci/registry.ts'
import { createLazyStore } from './lazy-store.ts'
import { storagePlace } from './storage-address.ts'

/** What the storage accounts are opened with; where it is left out, with the identity that the platform gives this process. */
export interface StorageCredentials {
  readonly s3?: S3Credentials
  readonly azure?: AzureCredential
}

export interface Storage {
  /** The store of a registry's storage account. */
  readonly storeOf: (registry: Registry) => BlobStore
  /** Rejects where the default storage account does not answer. */
  readonly check: () => Promise<unknown>
  /** Bytes that are free there; undefined where nobody can tell. */
  readonly freeBytes: () => Promise<number | undefined>
}

export interface StorageOptions {
  readonly dataFolder: string
  /** Address of the default storage account. */
  readonly address: string
  readonly credentials: StorageCredentials
}

/** Bytes that uploads to all buckets together may hold in this process. */
const uploadMemory = 256 * 1024 * 1024

/** Has one store for each address. The vendors' libraries are loaded when the first registry needs them: they are slow to load. */
export function createStorage({ dataFolder, address, credentials }: StorageOptions): Storage {
  const stores = new Map<string, BlobStore>()
  const open = { dataFolder, credentials, memory: createUploadMemory(uploadMemory) }
  const storeAt = (text: string): BlobStore => {
    const known = stores.get(text)
    if (known !== undefined) return known
    const store = openStore(text, open)
    stores.set(text, store)
    return store
  }
  const place = storagePlace(address, dataFolder)
  return {
    storeOf: ({ storage }) => storeAt(storage),
    check: () => (place.kind === 'folder' ? checkFolder(place.folder) : checkStore(storeAt(address))),
    freeBytes: async () => (place.kind === 'folder' ? (await checkFolder(place.folder)).freeBytes : undefined),
  }
}

/** Makes the default storage account ready, once for all processes of a start. */
export async function prepareStorage({ dataFolder, address }: Pick<StorageOptions, 'dataFolder' | 'address'>): Promise<void> {
  const place = storagePlace(address, dataFolder)
  if (place.kind === 'folder') await prepareFolder(place.folder)
}

interface OpenOptions extends Pick<StorageOptions, 'dataFolder' | 'credentials'> {
  readonly memory: UploadMemory
}

function openStore(text: string, options: OpenOptions): BlobStore {
  const place = placeOf(text, options.dataFolder)
  if (place.kind === 'folder') return createFilesystemStore({ folder: place.folder })
  return createLazyStore(() => (place.kind === 's3' ? openS3(place.address, options) : openAzure(place.address, options)))
}

function placeOf(text: string, dataFolder: string): ReturnType<typeof storagePlace> {
  try {
    return storagePlace(text, dataFolder)
  } catch (cause) {
    throw new Unavailable('storage', { cause, message: 'the storage of this registry cannot be reached by this version' })
  }
}

async function openS3(address: S3Address, { credentials: { s3 }, memory }: OpenOptions): Promise<BlobStore> {
  const { createS3Store } = await import('@roadstead/blob-store/s3.ts')
  return createS3Store({ address, memory, ...(s3 !== undefined && { credentials: s3 }) })
}

async function openAzure(address: AzureAddress, { credentials: { azure } }: OpenOptions): Promise<BlobStore> {
  const { createAzureStore, platformIdentity, prepareAzureStore } = await import('@roadstead/blob-store/azure.ts')
  const settings = { address, credential: azure ?? { tokens: platformIdentity() } }
  await prepareAzureStore(settings)
  return createAzureStore(settings)
}

/** Reads at a location that nothing was ever written to: the answer is that there is nothing, or none. */
async function checkStore(store: BlobStore): Promise<void> {
  const { location } = await store.begin(0 as RegistryId)
  ;(await store.read(location))?.destroy()
}
