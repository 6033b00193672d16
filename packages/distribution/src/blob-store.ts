import type { Readable } from 'node:stream'
import type { RegistryId } from '@roadstead/oci/registry.ts'

/** Where bytes lie, in the store's own words. Made by the store, never used twice, read by nobody else. */
export type Location = string & { readonly __brand: 'location' }

/** First and last byte, both included, zero-based; both lie inside the blob. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** An upload as data: any process can go on with it. Survives JSON. */
export interface StagedUpload {
  readonly location: Location
  /** Bytes that would survive a crash. */
  readonly offset: number
  /** What the store itself has to remember, in its own words, such as the parts it has. Nobody else reads it. */
  readonly memo?: string
}

export interface StoredBytes {
  readonly location: Location
  readonly size: number
  readonly modifiedAt: Date
}

/**
 * Holds bytes and knows nothing about them. Addresses are opaque: bytes are written once where they stay, so a commit costs the
 * same for every size, and removing an old address can never hit a newer upload of the same content.
 *
 * Every method throws `Unavailable` when the store does not answer and `StorageFull` when it has no room. Absence is undefined.
 */
export interface BlobStore {
  /** Smallest chunk that is worth sending, in bytes; told to clients as OCI-Chunk-Min-Length. */
  readonly minimumChunkSize: number

  /** Chooses a fresh location. */
  begin(registry: RegistryId): Promise<StagedUpload>

  /**
   * Stores what `bytes` yields behind `upload.offset` and resolves when it would survive a crash. A source that breaks off is a
   * source that ends: what came by then is stored, and the caller, who owns the source, knows that it broke. Bytes behind the offset
   * from an append that nobody acknowledged are overwritten. Not for two callers at once: the upload session sees to that.
   */
  append(upload: StagedUpload, bytes: Readable, signal?: AbortSignal): Promise<StagedUpload>

  /** Makes the bytes final: from here on they can be read, and a crash does not lose them. Copies nothing. May be repeated. */
  commit(upload: StagedUpload): Promise<void>

  /** Throws away what was stored. May be repeated. */
  abort(upload: StagedUpload): Promise<void>

  /** The bytes at a committed location, or undefined where there are none. */
  read(at: Location, range?: ByteRange, signal?: AbortSignal): Promise<Readable | undefined>

  /** An address at which a client can fetch the bytes itself until `expires`; undefined where the store has no such thing. */
  link(at: Location, expires: Date): Promise<URL | undefined>

  /** Removes a batch. What is not there any more counts as removed. */
  delete(at: readonly Location[]): Promise<void>

  /** All that lies there for a registry, committed or not, in no order. For the sweeper, never for a request. */
  list(registry: RegistryId): AsyncIterable<StoredBytes>
}
