import type { Registry } from '@roadstead/oci/registry.ts'
import type { StagedUpload } from './blob-store.ts'
import type { Ports } from './ports.ts'

/**
 * Frees what an upload stored, unless a row names it. A connection lost in the middle of a commit leaves open whether the row was written,
 * so whoever throws uploaded bytes away has to ask first. Nobody may be writing to the upload.
 */
export async function discardStaged(
  { metadata, blobStore }: Pick<Ports, 'metadata' | 'blobStore'>,
  registry: Registry,
  staged: StagedUpload,
): Promise<void> {
  const unknown = await metadata.blobs.unknownLocations(registry, [staged.location])
  if (unknown.length > 0) await blobStore(registry).abort(staged)
}
