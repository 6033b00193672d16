import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { digestAlgorithm, digestOfHash } from '@roadstead/oci/digest.ts'
import type { Digest } from '@roadstead/oci/digest.ts'
import { refuse, Unavailable } from '@roadstead/oci/errors.ts'
import { formatReference } from '@roadstead/oci/reference.ts'
import type { Reference } from '@roadstead/oci/reference.ts'
import type { Registry, Repository } from '@roadstead/oci/registry.ts'
import type { ByteRange } from './blob-store.ts'
import type { StoredBlob, StoredManifest } from './metadata.ts'
import type { Ports } from './ports.ts'
import { smallBlobLimit } from './small-blobs.ts'

/** The manifest as it was pushed, byte for byte. One statement. Throws MANIFEST_UNKNOWN, or NAME_UNKNOWN where there is no such repository. */
export async function pullManifest(
  { metadata }: Ports,
  repository: Repository,
  reference: Reference,
): Promise<StoredManifest & { readonly payload: Buffer }> {
  return (await metadata.manifests.find(repository, reference)) ?? (await refuseUnknownManifest({ metadata }, repository, reference))
}

/** What HEAD needs of a manifest. One statement. Throws as `pullManifest` does. */
export async function statManifest({ metadata }: Ports, repository: Repository, reference: Reference): Promise<StoredManifest> {
  return (await metadata.manifests.stat(repository, reference)) ?? (await refuseUnknownManifest({ metadata }, repository, reference))
}

/** A blob that this repository links. One statement. Throws BLOB_UNKNOWN, or NAME_UNKNOWN where there is no such repository. */
export async function statBlob({ metadata }: Ports, repository: Repository, digest: Digest): Promise<StoredBlob> {
  const blob = await metadata.blobs.find(repository, digest)
  if (blob !== undefined) return blob
  await refuseUnknownRepository({ metadata }, repository)
  return refuse('BLOB_UNKNOWN', 'the repository has no such blob', { detail: { digest } })
}

/**
 * The bytes of a blob that `statBlob` found: a small one whole, from memory where it was read before, a large one as a stream. A row
 * without its bytes, or with others, is damage and not absence: the caller hears that the storage does not answer and asks again, instead of
 * believing that the content is gone, or getting something else under its name.
 */
export async function readBlob(
  ports: Pick<Ports, 'blobStore' | 'smallBlobs'>,
  { registry }: Repository,
  blob: StoredBlob,
  range: ByteRange | undefined,
): Promise<Readable | Buffer> {
  if (blob.size > smallBlobLimit) {
    // Always a range: a file that became shorter then breaks the stream, instead of ending it early without a word.
    const bytes = await ports.blobStore(registry).read(blob.location, range ?? { first: 0, last: blob.size - 1 })
    return bytes ?? refuseDamaged(blob)
  }
  const known = ports.smallBlobs.get(blob.location)
  const bytes = known ?? (await readVerified(ports, registry, blob))
  if (known === undefined) ports.smallBlobs.put(blob.location, bytes)
  return range === undefined ? bytes : bytes.subarray(range.first, range.last + 1)
}

/** How long a link to bytes is good; also the time for which it outlives a right that was taken away. Milliseconds. */
export const linkLifetime = 5 * 60 * 1000

/**
 * An address at which the client fetches the bytes from the storage itself; undefined where the store has none to give. Small blobs are
 * not linked: sending them takes less time than telling where they are.
 */
export async function linkBlob(
  { blobStore, now }: Pick<Ports, 'blobStore' | 'now'>,
  { registry }: Repository,
  blob: StoredBlob,
): Promise<URL | undefined> {
  if (blob.size <= smallBlobLimit) return undefined
  return blobStore(registry).link(blob.location, new Date(now().getTime() + linkLifetime))
}

async function readVerified({ blobStore }: Pick<Ports, 'blobStore'>, registry: Registry, blob: StoredBlob): Promise<Buffer> {
  const stream = await blobStore(registry).read(blob.location)
  const bytes = stream && Buffer.concat((await stream.toArray()) as Buffer[])
  const algorithm = digestAlgorithm(blob.digest)
  const isWhole = bytes?.length === blob.size && digestOfHash(algorithm, createHash(algorithm).update(bytes).digest()) === blob.digest
  return isWhole ? bytes : refuseDamaged(blob)
}

function refuseDamaged({ digest }: StoredBlob): never {
  throw new Unavailable('storage', { message: `the bytes of ${digest} cannot be read at present` })
}

async function refuseUnknownManifest(ports: Pick<Ports, 'metadata'>, repository: Repository, reference: Reference): Promise<never> {
  await refuseUnknownRepository(ports, repository)
  const detail = reference.kind === 'tag' ? { tag: reference.tag } : { digest: reference.digest }
  return refuse('MANIFEST_UNKNOWN', `the repository has no manifest ${formatReference(reference)}`, { detail })
}

/** Throws NAME_UNKNOWN where nothing was ever pushed to the repository. */
export async function refuseUnknownRepository({ metadata }: Pick<Ports, 'metadata'>, repository: Repository): Promise<void> {
  if (await metadata.repositories.exists(repository)) return
  refuse('NAME_UNKNOWN', 'the registry has no such repository', { detail: { name: repository.name } })
}
