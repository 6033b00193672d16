import type { Digest } from '@roadstead/oci/digest.ts'
import { refuse } from '@roadstead/oci/errors.ts'
import type { Reference } from '@roadstead/oci/reference.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { Tag } from '@roadstead/oci/tag.ts'
import type { Ports } from './ports.ts'
import { refuseUnknownRepository } from './pull.ts'

/**
 * Removes a tag, or a manifest with all its tags (end-9). Throws MANIFEST_UNKNOWN, and UNSUPPORTED for a manifest that an index
 * of the repository names: what is stored stays complete.
 */
export async function removeManifest(ports: Ports, repository: Repository, reference: Reference, actor: string): Promise<void> {
  await (reference.kind === 'tag'
    ? removeTag(ports, repository, reference.tag, actor)
    : removeByDigest(ports, repository, reference.digest, actor))
}

async function removeTag(ports: Ports, repository: Repository, tag: Tag, actor: string): Promise<void> {
  const digest = await ports.metadata.transaction(async (facts) => {
    const named = await facts.tags.delete(repository, tag)
    if (named !== undefined) {
      await facts.events.record(repository.registry, {
        kind: 'tag deleted',
        repository: repository.name,
        digest: named,
        tags: [tag],
        actor,
      })
    }
    return named
  })
  if (digest === undefined) await refuseAbsentManifest(ports, repository, { tag })
}

async function removeByDigest(ports: Ports, repository: Repository, digest: Digest, actor: string): Promise<void> {
  const outcome = await ports.metadata.transaction(async (facts) => {
    const deleted = await facts.manifests.delete(repository, digest)
    if (typeof deleted === 'object') {
      const { tags } = deleted
      await facts.events.record(repository.registry, { kind: 'manifest deleted', repository: repository.name, digest, tags, actor })
    }
    return deleted
  })
  if (outcome === 'absent') await refuseAbsentManifest(ports, repository, { digest })
  if (outcome === 'referenced')
    refuse('UNSUPPORTED', 'an index of this repository names the manifest; delete the index first', { detail: { digest } })
}

async function refuseAbsentManifest(ports: Ports, repository: Repository, detail: object): Promise<never> {
  await refuseUnknownRepository(ports, repository)
  return refuse('MANIFEST_UNKNOWN', 'the repository has no such manifest', { detail })
}

/**
 * Takes a blob out of a repository (end-10). Only when no repository of the registry links it any more, the row goes
 * as well, and the bytes wait until no backup needs them: `sweepDeleted` removes them. Throws BLOB_UNKNOWN, and UNSUPPORTED for a blob that a manifest of the repository names.
 */
export async function removeBlob(ports: Ports, repository: Repository, digest: Digest): Promise<void> {
  const outcome = await ports.metadata.transaction((facts) => facts.blobs.unlink(repository, digest))
  if (outcome === 'absent') {
    await refuseUnknownRepository(ports, repository)
    refuse('BLOB_UNKNOWN', 'the repository has no such blob', { detail: { digest } })
  }
  if (outcome === 'referenced')
    refuse('UNSUPPORTED', 'a manifest of this repository names the blob; delete the manifest first', { detail: { digest } })
}
