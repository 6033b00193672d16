import type { BlobStore } from './blob-store.ts'
import type { Metadata } from './metadata.ts'
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
  readonly smallBlobs: SmallBlobs
  readonly now: () => Date
  /** A fresh version 4 UUID. */
  readonly newId: () => string
  /** Hears of failures that do not change the answer, such as bytes that could not be removed after their row was. */
  readonly onBackgroundError: (error: unknown) => void
}
