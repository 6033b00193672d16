import { digestAlgorithm, digestOfHash } from '@roadstead/oci/digest.ts'
import type { Digest } from '@roadstead/oci/digest.ts'
import { refuse, Unavailable } from '@roadstead/oci/errors.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { HashedUpload } from './append-hashed.ts'
import type { BlobStore, Location } from './blob-store.ts'
import type { StoredBlob } from './metadata.ts'
import type { Ports } from './ports.ts'
import { startHash } from './running-hashes.ts'

export interface KeptBlob {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  /** Where the uploaded bytes lie, if the registry had the same content already and the earlier bytes serve both. */
  readonly spare?: Location
}

/**
 * Makes the staged bytes final and their row known, in this order: the bytes would survive a crash before anybody can be told that they exist.
 * Throws DIGEST_INVALID where they are not what `digest` says, and tells nobody of them.
 */
export async function keepBlob(ports: Ports, repository: Repository, upload: HashedUpload, digest: Digest): Promise<KeptBlob> {
  const store = ports.blobStore(repository.registry)
  const { location, offset: size } = upload.staged
  const isHashed = upload.hashed !== undefined && upload.algorithm === digestAlgorithm(digest)
  if (isHashed) refuseOther(digest, upload.hashed)
  await store.commit(upload.staged)
  if (!isHashed) refuseOther(digest, await readBack(ports, repository, upload, digest))
  const add = (): Promise<StoredBlob> =>
    ports.metadata.transaction(async (facts) => {
      await facts.repositories.ensure(repository)
      return facts.blobs.add(repository, { digest, size, location })
    })
  let kept = await add()
  if (kept.location !== location && !(await isThere(store, kept))) {
    await ports.metadata.blobs.mark(repository.registry, kept, 'damaged')
    kept = await add()
  }
  return { digest, size, ...(kept.location !== location && { spare: location }) }
}

/** Frees the bytes that nobody needs, once nobody will ask for them any more: a repeated closing request would. */
export async function freeSpare(ports: Ports, { registry }: Repository, { spare }: KeptBlob): Promise<void> {
  if (spare !== undefined) await ports.blobStore(registry).delete([spare]).catch(ports.onBackgroundError)
}

/** Before good bytes are thrown away because there are others. A store that does not answer is no reason to think that it has lost them. */
async function isThere(store: BlobStore, { location, size }: StoredBlob): Promise<boolean> {
  try {
    const bytes = await store.read(location, size === 0 ? undefined : { first: size - 1, last: size - 1 })
    return bytes !== undefined && Buffer.concat((await bytes.toArray()) as Buffer[]).length === Math.min(size, 1)
  } catch {
    return true
  }
}

/** For an upload that broke off and went on elsewhere, or that turns out to be named by the other algorithm. */
async function readBack(ports: Ports, repository: Repository, upload: HashedUpload, digest: Digest): Promise<Digest> {
  const algorithm = digestAlgorithm(digest)
  const hash = startHash(algorithm)
  const bytes = await ports.blobStore(repository.registry).read(upload.staged.location)
  if (bytes === undefined) throw new Unavailable('storage', { message: 'the uploaded bytes cannot be read back' })
  for await (const chunk of bytes) hash.update(chunk as Buffer)
  return digestOfHash(algorithm, hash.digest())
}

function refuseOther(given: Digest, computed: Digest): void {
  if (given !== computed) refuse('DIGEST_INVALID', 'the digest does not match the uploaded bytes', { detail: { given, computed } })
}
