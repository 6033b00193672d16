import type { Readable } from 'node:stream'
import type { Digest } from '@roadstead/oci/digest.ts'
import { refuse, Unavailable } from '@roadstead/oci/errors.ts'
import { formatReference } from '@roadstead/oci/reference.ts'
import type { Reference } from '@roadstead/oci/reference.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { ByteRange } from './blob-store.ts'
import type { StoredBlob, StoredManifest } from './metadata.ts'
import type { Ports } from './ports.ts'

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
 * The bytes of a blob that `statBlob` found. A row without bytes is damage, not absence: the caller hears that the storage does not
 * answer and asks again, instead of believing that the content is gone.
 */
export async function readBlob(
  { blobStore }: Ports,
  repository: Repository,
  blob: StoredBlob,
  range: ByteRange | undefined,
  signal: AbortSignal,
): Promise<Readable> {
  const bytes = await blobStore(repository.registry).read(blob.location, range, signal)
  if (bytes === undefined) throw new Unavailable('storage', { message: `the bytes of ${blob.digest} cannot be read at present` })
  return bytes
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
