import type { Descriptor } from '@roadstead/oci/descriptor.ts'
import { digestFromBytes, digestToBytes } from '@roadstead/oci/digest.ts'
import type { Digest } from '@roadstead/oci/digest.ts'
import type { Manifest } from '@roadstead/oci/manifest.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { Session } from './database.ts'
import { sql } from './sql.ts'

interface DigestRow {
  readonly digest: Buffer
}

/**
 * Locks what is there against removal until the transaction ends. In the order of digests: two pushes that share content never
 * wait for each other, but a removal in between could make a circle of them.
 */
export async function missingFor(session: Session, repository: Repository, manifest: Manifest): Promise<readonly Descriptor[]> {
  const present = new Set<Digest>()
  if (manifest.blobs.length > 0) addAll(present, await lockBlobs(session, repository, manifest.blobs))
  if (manifest.manifests.length > 0) addAll(present, await lockManifests(session, repository, manifest.manifests))
  return [...manifest.blobs, ...manifest.manifests].filter(({ digest }) => !present.has(digest))
}

async function lockBlobs(session: Session, { registry, name }: Repository, wanted: readonly Descriptor[]): Promise<readonly DigestRow[]> {
  return await session.query<DigestRow>(sql`/* manifests.missing blobs */
    SELECT l.digest FROM repository_blobs l
    WHERE l.registry_id = ${registry.id}
      AND l.repository_id = (SELECT id FROM repositories WHERE registry_id = ${registry.id} AND name = ${name})
      AND l.digest = ANY (${wanted.map(({ digest }) => digestToBytes(digest))}::bytea[])
      AND NOT EXISTS (
        SELECT FROM blobs b WHERE b.registry_id = ${registry.id} AND b.digest = l.digest AND b.damaged_at IS NOT NULL
      )
    ORDER BY l.digest
    FOR KEY SHARE OF l`)
}

async function lockManifests(
  session: Session,
  { registry, name }: Repository,
  wanted: readonly Descriptor[],
): Promise<readonly DigestRow[]> {
  return await session.query<DigestRow>(sql`/* manifests.missing manifests */
    SELECT digest FROM manifests
    WHERE registry_id = ${registry.id}
      AND repository_id = (SELECT id FROM repositories WHERE registry_id = ${registry.id} AND name = ${name})
      AND digest = ANY (${wanted.map(({ digest }) => digestToBytes(digest))}::bytea[])
    ORDER BY digest
    FOR KEY SHARE`)
}

function addAll(present: Set<Digest>, rows: readonly DigestRow[]): void {
  for (const row of rows) present.add(digestFromBytes(row.digest))
}
