import type { BlobStore } from './blob-store.ts'
import type { Metadata } from './metadata.ts'
import type { PortableHashes } from './portable-hash.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { RunningHashes } from './running-hashes.ts'
import type { SmallBlobs } from './small-blobs.ts'
import type { UploadSessions } from './upload-sessions.ts'

/** All that the rules need from outside. Built once, in a service's main. */
export interface Ports {
  readonly metadata: Metadata
  /** The store of a registry's storage account. */
  readonly blobStore: (registry: Registry) => BlobStore
  readonly sessions: UploadSessions
  readonly hashes: RunningHashes
  /** Where the chunks of one upload may reach several processes; absent where there is only one. */
  readonly portableHashes?: PortableHashes
  readonly smallBlobs: SmallBlobs
  readonly now: () => Date
  /** A fresh version 4 UUID. */
  readonly newId: () => string
  /** Hears of failures that do not change the answer, such as bytes that could not be removed after their row was. */
  readonly onBackgroundError: (error: unknown) => void
}
