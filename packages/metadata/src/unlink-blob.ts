import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { BlobFacts } from '@roadstead/distribution/metadata.ts'
import { digestToBytes } from '@roadstead/oci/digest.ts'
import type { Digest } from '@roadstead/oci/digest.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { Session } from './database.ts'
import { sql } from './sql.ts'

/**
 * Two statements: the second one's snapshot shows all that happened before the first one got its locks, and nothing can happen after.
 * A push that needs the blob holds its link (the row is waited for), or finds the link gone; a link to the blob from elsewhere
 * needs the blob's row, and so does another unlink.
 */
export async function unlinkBlob(transaction: Session, repository: Repository, digest: Digest): ReturnType<BlobFacts['unlink']> {
  const registry = repository.registry.id
  const bytes = digestToBytes(digest)
  const [link] = await transaction.query<{ readonly repository: number }>(sql`/* blobs.unlink lock */
    SELECT r.id AS repository
    FROM repositories r
    JOIN blobs b ON b.registry_id = r.registry_id
    JOIN repository_blobs l ON l.registry_id = r.registry_id AND l.repository_id = r.id AND l.digest = b.digest
    WHERE r.registry_id = ${registry} AND r.name = ${repository.name}
      AND b.registry_id = ${registry} AND b.digest = ${bytes}
      AND l.registry_id = ${registry} AND l.digest = ${bytes}
    FOR UPDATE OF b, l`)
  if (link === undefined) return 'absent'
  const [row] = await transaction.query<{ readonly referenced: boolean; readonly location: Location | null }>(sql`/* blobs.unlink */
    WITH referenced AS (
      SELECT FROM manifest_blobs
      WHERE registry_id = ${registry} AND repository_id = ${link.repository} AND blob = ${bytes}
      LIMIT 1
    ), elsewhere AS (
      SELECT FROM repository_blobs
      WHERE registry_id = ${registry} AND digest = ${bytes} AND repository_id <> ${link.repository}
      LIMIT 1
    ), unlinked AS (
      DELETE FROM repository_blobs
      WHERE registry_id = ${registry} AND repository_id = ${link.repository} AND digest = ${bytes}
        AND NOT EXISTS (SELECT FROM referenced)
      RETURNING digest
    ), gone AS (
      DELETE FROM blobs
      WHERE registry_id = ${registry} AND digest = ${bytes}
        AND EXISTS (SELECT FROM unlinked) AND NOT EXISTS (SELECT FROM elsewhere)
      RETURNING location
    ), waiting AS (
      INSERT INTO deleted_locations (registry_id, location) SELECT ${registry}::bigint, location FROM gone
      ON CONFLICT (registry_id, location) DO UPDATE SET deleted_at = excluded.deleted_at
    )
    SELECT EXISTS (SELECT FROM referenced) AS referenced, (SELECT location FROM gone) AS location`)
  if (row!.referenced) return 'referenced'
  return row!.location === null ? {} : { location: row!.location }
}
