import type { Digest, DigestAlgorithm } from '@roadstead/oci/digest.ts'
import type { RepositoryName } from '@roadstead/oci/repository-name.ts'
import type { StagedUpload } from './blob-store.ts'
import type { RegistryId, Repository } from '@roadstead/oci/registry.ts'

/** An upload in progress, as data. Survives JSON, times as milliseconds since 1970. */
export interface UploadSession {
  /** A version 4 UUID: cannot be guessed, and is not enough: registry, repository and principal have to fit too. */
  readonly id: string
  readonly registry: RegistryId
  readonly repository: RepositoryName
  /** Who opened it; only they may go on with it. */
  readonly principal: string
  /** Counts changes; `advance` compares it. */
  readonly version: number
  readonly staged: StagedUpload
  readonly algorithm: DigestAlgorithm
  /** Digest of the bytes up to `staged.offset`, by `algorithm`; absent while there are none. */
  readonly hashed?: Digest
  /** The same hash in the middle of its bytes, as `PortableHash` writes it down, where another process may have to go on with it. */
  readonly hashState?: string
  /** Set while one request writes; others are refused until it is done or `until` has passed. */
  readonly writer?: { readonly id: string; readonly until: number }
  /**
   * Set before the bytes are made final, once the closing request's own bytes are among them: repeated, because it failed or its answer was lost,
   * it brings them again, and they must not be stored twice. `start` is where they begin.
   */
  readonly closing?: { readonly digest: Digest; readonly start: number }
  /** Set when the upload was completed: a repeated closing PUT is answered from it. */
  readonly finished?: { readonly digest: Digest; readonly size: number }
  readonly expires: number
}

/** Keeps upload sessions. Losing all of it loses open uploads and nothing else. Throws `Unavailable` when it does not answer. */
export interface UploadSessions {
  create(session: UploadSession): Promise<void>

  /** The session of that id in that repository, unless it has expired. */
  find(repository: Repository, id: string): Promise<UploadSession | undefined>

  /** Replaces `before` by `after` if nobody else has meanwhile: of twenty racing requests one gets true. Compares `version`. */
  advance(before: UploadSession, after: UploadSession): Promise<boolean>

  delete(session: UploadSession): Promise<void>

  /** Sessions whose time is up, which `find` does not show any more; the caller aborts their bytes, then deletes them. */
  expired(now: Date, limit: number): Promise<readonly UploadSession[]>
}
