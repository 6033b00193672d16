import type { Digest } from '@roadstead/oci/digest.ts'
import type { RegistryLabel } from '@roadstead/oci/login-server.ts'
import type { RepositoryName } from '@roadstead/oci/repository-name.ts'
import type { Tag } from '@roadstead/oci/tag.ts'
import type { Location } from './blob-store.ts'
import type { BlobUser } from './consistency-facts.ts'

/** What does not fit together. The words are part of the tool's output: scripts read them. */
export type FindingKind =
  /** A blob's row, and the bytes that it names. */
  | 'bytes missing'
  | 'bytes of another size'
  | 'bytes of another digest'
  | 'bytes unreadable'
  /** Marked as damaged before, and not pushed again since. */
  | 'bytes known as damaged'
  /** Marked as damaged, but nothing is wrong with the bytes. */
  | 'bytes wrongly known as damaged'
  /** Older than any upload can be, and not waiting for their removal. */
  | 'bytes without blob'
  | 'blob without repository'
  | 'manifest of another digest'
  | 'manifest of another size'
  | 'manifest unreadable'
  /** The manifest's text names it, the facts do not, so nothing keeps it from being removed. */
  | 'reference not recorded'
  /** The facts say that the manifest names it, and its text does not. */
  | 'reference without need'
  | 'reference without blob'
  | 'reference without manifest'
  | 'referrer not listed'
  | 'tag without manifest'

export interface Finding {
  readonly kind: FindingKind
  readonly registry: RegistryLabel
  readonly repository?: RepositoryName
  readonly tag?: Tag
  /** The manifest in question, or the blob where there is none. */
  readonly digest?: Digest
  /** What the manifest names. */
  readonly names?: Digest
  readonly location?: Location
  /** Bytes. */
  readonly size?: number
  /** For blobs: some of those who cannot be pulled because of it. */
  readonly users?: readonly BlobUser[]
  readonly reason?: string
}
