import type { Readable } from 'node:stream'
import { digestAlgorithm } from '@roadstead/oci/digest.ts'
import type { Digest } from '@roadstead/oci/digest.ts'
import { refuse } from '@roadstead/oci/errors.ts'
import { formatReference } from '@roadstead/oci/reference.ts'
import type { Reference } from '@roadstead/oci/reference.ts'
import type { Registry, Repository } from '@roadstead/oci/registry.ts'
import type { ByteRange } from './blob-store.ts'
import { noteDamage, unreadable } from './damage.ts'
import type { StoredBlob, StoredManifest } from './metadata.ts'
import type { Ports } from './ports.ts'
import { startHash } from './running-hashes.ts'
import { smallBlobLimit } from './small-blobs.ts'
import { stateOf } from './verify-bytes.ts'
import type { BytesState } from './verify-bytes.ts'
import { verifying } from './verify-stream.ts'

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

/**
 * Whether the repository has the blob, for HEAD. One statement. Throws BLOB_UNKNOWN, or NAME_UNKNOWN where there is no such repository. A
 * damaged blob is unknown here, and only here: who asks is about to push it or to leave it out, and only a push can repair it.
 */
export async function statBlob(ports: Pick<Ports, 'metadata'>, repository: Repository, digest: Digest): Promise<StoredBlob> {
  const blob = await findLinked(ports, repository, digest)
  if (blob.damaged) refuse('BLOB_UNKNOWN', 'the bytes of this blob were damaged; push it again', { detail: { digest } })
  return blob
}

/** A blob to be read. Throws as `statBlob` does, but `Unavailable` for a damaged one: it is no absence, and may be repaired soon. */
export async function findBlob(ports: Pick<Ports, 'metadata'>, repository: Repository, digest: Digest): Promise<StoredBlob> {
  const blob = await findLinked(ports, repository, digest)
  if (blob.damaged) throw unreadable(blob)
  return blob
}

async function findLinked({ metadata }: Pick<Ports, 'metadata'>, repository: Repository, digest: Digest): Promise<StoredBlob> {
  const blob = await metadata.blobs.find(repository, digest)
  if (blob !== undefined) return blob
  await refuseUnknownRepository({ metadata }, repository)
  return refuse('BLOB_UNKNOWN', 'the repository has no such blob', { detail: { digest } })
}

type ReadPorts = Pick<Ports, 'metadata' | 'blobStore' | 'smallBlobs' | 'onBackgroundError'>

/**
 * The bytes of a blob that `findBlob` found: a small one whole, from memory where it was read before, a large one as a stream. A row
 * without its bytes, or with others, is damage and not absence: the caller hears that the storage does not answer and asks again, instead of
 * believing that the content is gone, or getting something else under its name. The blob is marked then, so that a push repairs it.
 */
export async function readBlob(
  ports: ReadPorts,
  { registry }: Repository,
  blob: StoredBlob,
  range: ByteRange | undefined,
): Promise<Readable | Buffer> {
  if (blob.size > smallBlobLimit) return readLarge(ports, registry, blob, range)
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

async function readLarge(ports: ReadPorts, registry: Registry, blob: StoredBlob, range: ByteRange | undefined): Promise<Readable> {
  const part = range !== undefined && range.last - range.first + 1 < blob.size ? range : undefined
  const read = (): Promise<Readable | undefined> => ports.blobStore(registry).read(blob.location, part)
  const bytes = (await read()) ?? (await read()) ?? (await noteDamage(ports, registry, blob, 'missing'))
  return part === undefined ? verifying(bytes, blob, (state) => noteDamage(ports, registry, blob, state)) : bytes
}

/** Wrong bytes are read twice: what was wrong on the way only must not cost the blob its good name. */
async function readVerified(ports: ReadPorts, registry: Registry, blob: StoredBlob): Promise<Buffer> {
  let state: BytesState = 'missing'
  for (let attempt = 0; attempt < 2; attempt++) {
    const stream = await ports.blobStore(registry).read(blob.location)
    const bytes = stream && Buffer.concat((await stream.toArray()) as Buffer[])
    state = bytes === undefined ? 'missing' : stateOf(blob, bytes.length, startHash(digestAlgorithm(blob.digest)).update(bytes))
    if (bytes !== undefined && state === 'sound') return bytes
  }
  return noteDamage(ports, registry, blob, state)
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
