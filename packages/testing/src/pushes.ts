import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { Metadata } from '@roadstead/distribution/metadata.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { Tag } from '@roadstead/oci/tag.ts'
import { parseTag } from '@roadstead/oci/tag.ts'
import type { Content, Document } from './contents.ts'

/** A tag from a literal of a test. */
export function tag(text: string): Tag {
  const parsed = parseTag(text)
  if (parsed === undefined) throw new Error(`${text} is not a tag`)
  return parsed
}

/** Tells the facts of blobs without storing bytes anywhere. */
export async function linkBlobs(metadata: Metadata, repository: Repository, blobs: readonly Content[]): Promise<void> {
  await metadata.repositories.ensure(repository)
  for (const { digest, bytes } of blobs) {
    await metadata.blobs.add(repository, { digest, size: bytes.length, location: `at ${digest}` as Location })
  }
}

/** The facts of a push, without its rules: repository, manifest and tags. The blobs have to be linked before. */
export async function putManifest(
  metadata: Metadata,
  repository: Repository,
  document: Document,
  tags: readonly string[] = [],
): Promise<void> {
  await metadata.transaction(async (facts) => {
    await facts.repositories.ensure(repository)
    await facts.manifests.insert(repository, document.digest, document.manifest, document.bytes)
    await facts.repositories.publish(repository)
    await facts.tags.move(repository, tags.map(tag), document.digest)
  })
}
