import { createHash } from 'node:crypto'
import type { Digest } from '@roadstead/oci/digest.ts'
import { digestAlgorithm, digestOfHash } from '@roadstead/oci/digest.ts'
import { refuse } from '@roadstead/oci/errors.ts'
import { parseManifest } from '@roadstead/oci/manifest.ts'
import type { Manifest } from '@roadstead/oci/manifest.ts'
import { isIndexMediaType } from '@roadstead/oci/media-types.ts'
import { subjectOfReferrersTag } from '@roadstead/oci/referrers-tag.ts'
import type { Reference } from '@roadstead/oci/reference.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { Tag } from '@roadstead/oci/tag.ts'
import type { Metadata } from './metadata.ts'
import type { Ports } from './ports.ts'

/** Most `tag` parameters of one push by digest. The specification asks for at least 10. */
export const tagLimit = 100

/** A manifest as it came in. */
export interface PushedManifest {
  readonly reference: Reference
  /** Further tags, from the `tag` parameters of a push by digest (end-7b). */
  readonly tags: readonly Tag[]
  readonly contentType: string | undefined
  readonly payload: Buffer
  /** The principal, for the event. */
  readonly actor: string
}

export interface PushOutcome {
  readonly digest: Digest
  readonly subject: Digest | undefined
  /** All tags that now name the manifest because of this push. */
  readonly tags: readonly Tag[]
}

/**
 * Stores a manifest and points its tags at it, in one transaction: a reader sees all of it or nothing, and a crash leaves nothing half done.
 * Throws MANIFEST_INVALID, DIGEST_INVALID, and MANIFEST_BLOB_UNKNOWN when the repository lacks something that the manifest names.
 */
export async function pushManifest({ metadata }: Ports, repository: Repository, pushed: PushedManifest): Promise<PushOutcome> {
  const manifest = parseManifest(pushed.contentType, pushed.payload)
  const digest = digestOf(pushed)
  const tags = pushed.reference.kind === 'tag' ? [pushed.reference.tag] : [...new Set(pushed.tags)]

  await metadata.transaction(async (facts) => {
    await facts.repositories.ensure(repository)
    await refuseMissing(facts, repository, manifest)
    const isNew = await facts.manifests.insert(repository, digest, manifest, pushed.payload)
    if (!isNew) await refuseOtherMediaType(facts, repository, digest, manifest)
    await facts.repositories.publish(repository)
    if (tags.length > 0) await facts.tags.move(repository, tags, digest)
    await adoptReferrers(facts, repository, tags, manifest)
    await facts.events.record(repository.registry, {
      kind: 'manifest pushed',
      repository: repository.name,
      digest,
      mediaType: manifest.mediaType,
      size: pushed.payload.length,
      tags,
      actor: pushed.actor,
    })
  })
  return { digest, subject: manifest.subject?.digest, tags }
}

function digestOf({ reference, payload }: PushedManifest): Digest {
  const algorithm = reference.kind === 'digest' ? digestAlgorithm(reference.digest) : 'sha256'
  const digest = digestOfHash(algorithm, createHash(algorithm).update(payload).digest())
  if (reference.kind === 'digest' && reference.digest !== digest) {
    refuse('DIGEST_INVALID', 'the digest does not match the manifest', { detail: { given: reference.digest, computed: digest } })
  }
  return digest
}

async function refuseMissing(facts: Metadata, repository: Repository, manifest: Manifest): Promise<void> {
  const missing = await facts.manifests.missing(repository, manifest)
  if (missing.length === 0) return
  refuse('MANIFEST_BLOB_UNKNOWN', 'the manifest names content that the repository does not have; push that first', {
    detail: missing.slice(0, 100).map(({ digest, mediaType, size }) => ({ digest, mediaType, size })),
  })
}

/** One digest is of one media type for ever, or a reader could be shown the same bytes as two kinds (CVE-2021-41190). */
async function refuseOtherMediaType(facts: Metadata, repository: Repository, digest: Digest, manifest: Manifest): Promise<void> {
  const stored = await facts.manifests.stat(repository, { kind: 'digest', digest })
  if (stored !== undefined && stored.mediaType !== manifest.mediaType) {
    refuse('MANIFEST_INVALID', `the manifest is stored with the media type ${stored.mediaType}`, {
      detail: { mediaType: manifest.mediaType },
    })
  }
}

/** Clients that copy from a registry without referrers API push the list of referrers as an index under a tag; it counts as well. */
async function adoptReferrers(facts: Metadata, repository: Repository, tags: readonly Tag[], manifest: Manifest): Promise<void> {
  if (!isIndexMediaType(manifest.mediaType) || manifest.manifests.length === 0) return
  for (const tag of tags) {
    const subject = subjectOfReferrersTag(tag)
    if (subject !== undefined) await facts.referrers.adopt(repository, subject, manifest.manifests)
  }
}
