import type { Descriptor } from '@roadstead/oci/descriptor.ts'
import type { Digest } from '@roadstead/oci/digest.ts'
import type { RegistryLabel } from '@roadstead/oci/login-server.ts'
import type { Manifest } from '@roadstead/oci/manifest.ts'
import type { Reference } from '@roadstead/oci/reference.ts'
import type { RepositoryName } from '@roadstead/oci/repository-name.ts'
import type { Tag } from '@roadstead/oci/tag.ts'
import type { Location } from './blob-store.ts'
import type { ConsistencyFacts } from './consistency-facts.ts'
import type { DeletionFacts } from './deletion-facts.ts'
import type { ScrubFacts } from './scrub-facts.ts'
import type { Registry, RegistryId, Repository } from '@roadstead/oci/registry.ts'

/**
 * The facts of all registries. Every function that touches a tenant's data is bound to one registry by its arguments.
 * All throw `Unavailable` when the database does not answer. Lists are by key: names greater than `after`, at most `limit`, ascending by bytes.
 */
export interface Metadata {
  readonly registries: RegistryFacts
  readonly repositories: RepositoryFacts
  readonly blobs: BlobFacts
  readonly manifests: ManifestFacts
  readonly tags: TagFacts
  readonly referrers: ReferrerFacts
  readonly events: EventFacts
  readonly consistency: ConsistencyFacts
  readonly deletions: DeletionFacts
  readonly scrubs: ScrubFacts

  /**
   * Runs `work` on one connection; all of it is committed before this resolves, or none of it. Runs again, from the start, after a
   * deadlock or a serialization failure (three times at most), so `work` must do nothing but ask and tell facts.
   */
  transaction<Result>(work: (facts: Metadata) => Promise<Result>): Promise<Result>
}

export interface RegistryFacts {
  find(label: RegistryLabel): Promise<Registry | undefined>
  /** All registries by ascending id, for work in the background. */
  list(after: RegistryId | undefined, limit: number): Promise<readonly Registry[]>
}

export interface RepositoryFacts {
  exists(repository: Repository): Promise<boolean>
  /** Makes the repository's row if it is not there. Inside a transaction of a push. */
  ensure(repository: Repository): Promise<void>
  /** Marks it as one that the catalog lists; the first manifest does. */
  publish(repository: Repository): Promise<void>
  /** Names in the catalog. */
  list(registry: Registry, after: string, limit: number): Promise<readonly RepositoryName[]>
}

export interface StoredBlob {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly location: Location
  /** The bytes were found to be gone or wrong. A push of the digest repairs it. */
  readonly damaged?: true
}

export interface BlobFacts {
  /** The blob, if this repository links it. */
  find(repository: Repository, digest: Digest): Promise<StoredBlob | undefined>
  /**
   * Tells that verified bytes lie at `blob.location` and links them to the repository, which must exist. Answers the blob as the registry now
   * knows it: where the digest was there already, the earlier location stays and the caller's bytes are not needed. Where the earlier
   * bytes are damaged, the new ones take their place.
   */
  add(repository: Repository, blob: StoredBlob): Promise<StoredBlob>
  /** Links a blob that `from`, in the same registry, links. False where it does not, or the blob is damaged. The target repository must exist. */
  mount(from: Repository, to: Repository, digest: Digest): Promise<boolean>
  /**
   * Takes the link away. `referenced`: a manifest of this repository needs the blob, nothing was changed. When the last repository of
   * the registry let go, the row goes too, and `location` tells which bytes wait for their removal since then.
   */
  unlink(repository: Repository, digest: Digest): Promise<'absent' | 'referenced' | { readonly location?: Location }>
  /** Notes that the bytes at `blob.location` are damaged, or sound again. False where that was known, or the blob has other bytes by now. */
  mark(registry: Registry, blob: StoredBlob, state: 'damaged' | 'sound'): Promise<boolean>
  /** Which of these locations no row of the registry names, nor any that waits for its removal. */
  unknownLocations(registry: Registry, locations: readonly Location[]): Promise<readonly Location[]>
}

export interface StoredManifest {
  readonly digest: Digest
  readonly mediaType: string
  /** Bytes. */
  readonly size: number
}

export interface ManifestFacts {
  /** Byte for byte what was pushed. */
  find(repository: Repository, reference: Reference): Promise<(StoredManifest & { readonly payload: Buffer }) | undefined>
  /** The same without the bytes, for HEAD. */
  stat(repository: Repository, reference: Reference): Promise<StoredManifest | undefined>
  /**
   * Which of the blobs and manifests that `manifest` names this repository lacks, or has with damaged bytes. Those that it has stay for as long as the
   * transaction lasts.
   */
  missing(repository: Repository, manifest: Manifest): Promise<readonly Descriptor[]>
  /**
   * Stores a manifest with its edges and, where it has a subject, its place in that subject's referrers. A digest that is there
   * already stays as it was; false then. The caller has made sure that the media type fits.
   */
  insert(repository: Repository, digest: Digest, manifest: Manifest, payload: Buffer): Promise<boolean>
  /** Removes it, its tags, edges and referrer entry; answers the tags. `referenced`: an index of this repository names it. */
  delete(repository: Repository, digest: Digest): Promise<'absent' | 'referenced' | { readonly tags: readonly Tag[] }>
}

export interface TagFacts {
  /** Points the tags at a manifest of the repository. */
  move(repository: Repository, tags: readonly Tag[], digest: Digest): Promise<void>
  /** The digest that the tag named, or undefined where there was no such tag. */
  delete(repository: Repository, tag: Tag): Promise<Digest | undefined>
  list(repository: Repository, after: string, limit: number): Promise<readonly Tag[]>
}

/** One page of a list by key. */
export interface Page<Entry> {
  readonly entries: readonly Entry[]
  /** There is at least one entry behind these. */
  readonly more: boolean
}

export interface ReferrerFacts {
  /**
   * Descriptors of manifests whose subject is `subject`, by ascending digest; `artifactType` narrows. A page also ends when its entries,
   * which carry annotations, come to some MiB; `more` tells whether there are others behind it.
   */
  list(
    repository: Repository,
    subject: Digest,
    artifactType: string | undefined,
    after: Digest | undefined,
    limit: number,
  ): Promise<Page<Descriptor>>
  /** Takes over entries that a client kept under the referrers tag; manifests that are there with the same digest count once. */
  adopt(repository: Repository, subject: Digest, descriptors: readonly Descriptor[]): Promise<void>
}

/** A committed change, written in the transaction that makes it and delivered later. */
export interface RegistryEvent {
  readonly kind: 'manifest pushed' | 'manifest deleted' | 'tag deleted'
  readonly repository: RepositoryName
  readonly digest: Digest
  readonly mediaType?: string
  readonly size?: number
  readonly tags: readonly Tag[]
  /** Who did it, as the token names them. */
  readonly actor: string
}

export interface EventFacts {
  record(registry: Registry, event: RegistryEvent): Promise<void>
}
