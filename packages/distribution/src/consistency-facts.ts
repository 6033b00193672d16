import type { Digest } from '@roadstead/oci/digest.ts'
import type { Registry, RegistryId } from '@roadstead/oci/registry.ts'
import type { RepositoryName } from '@roadstead/oci/repository-name.ts'
import type { Tag } from '@roadstead/oci/tag.ts'
import type { StoredBlob, StoredManifest } from './metadata.ts'

export interface CheckedBlob extends StoredBlob {
  /** A repository links it. */
  readonly linked: boolean
}

/** Place of a row in the order in which a registry is walked: by repository, then by digest or tag. */
export interface ManifestKey {
  readonly repository: number
  readonly digest: Digest
}

export interface TagKey {
  readonly repository: number
  readonly tag: Tag
}

/** A manifest with all that the facts know of what it names. */
export interface CheckedManifest extends StoredManifest {
  readonly key: ManifestKey
  readonly repository: RepositoryName
  readonly payload: Buffer
  /** Blobs and manifests that are kept for it. */
  readonly blobs: readonly Digest[]
  readonly manifests: readonly Digest[]
  /** Those of them that the repository does not have. */
  readonly absentBlobs: readonly Digest[]
  readonly absentManifests: readonly Digest[]
  readonly subject: Digest | undefined
  /** It is in the list of its subject's referrers. */
  readonly listed: boolean
}

export interface BrokenTag {
  readonly repository: RepositoryName
  readonly tag: Tag
  readonly digest: Digest
}

/** Who is affected when a blob is damaged. */
export interface BlobUser {
  readonly repository: RepositoryName
  /** Absent where the repository links the blob and none of its manifests names it. */
  readonly manifest?: Digest
  readonly tags: readonly Tag[]
}

/**
 * Reads rows as they are, to be compared with each other and with the bytes. Pages by key: rows greater than `after`, at most `limit`; an
 * empty page is the end. For tools and jobs, never for a request.
 */
export interface ConsistencyFacts {
  blobs(registry: Registry, after: Digest | undefined, limit: number): Promise<readonly CheckedBlob[]>
  /** The blob as it is now, whichever repository links it. */
  blob(registry: Registry, digest: Digest): Promise<StoredBlob | undefined>
  /** Blobs that are marked as damaged. */
  damaged(registry: Registry, after: Digest | undefined, limit: number): Promise<readonly StoredBlob[]>
  /** Registries that have such blobs. */
  damagedRegistries(after: RegistryId | undefined, limit: number): Promise<readonly Registry[]>
  /** Manifests that name the blob, with their tags. */
  users(registry: Registry, digest: Digest, limit: number): Promise<readonly BlobUser[]>
  /** A page also ends when its payloads come to some MiB. */
  manifests(registry: Registry, after: ManifestKey | undefined, limit: number): Promise<readonly CheckedManifest[]>
  /** Of the next `limit` tags those that name no manifest; `last` is the end of the page, undefined where it is empty. */
  tags(
    registry: Registry,
    after: TagKey | undefined,
    limit: number,
  ): Promise<{ readonly count: number; readonly last: TagKey | undefined; readonly broken: readonly BrokenTag[] }>
}
