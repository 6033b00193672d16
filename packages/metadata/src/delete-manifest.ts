import type { ManifestFacts } from '@roadstead/distribution/metadata.ts'
import { digestToBytes } from '@roadstead/oci/digest.ts'
import type { Digest } from '@roadstead/oci/digest.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { Tag } from '@roadstead/oci/tag.ts'
import type { Session } from './database.ts'
import { sql } from './sql.ts'

/**
 * Two statements, as for a blob: who tags the manifest or names it in an index holds its row, so once it is locked the second one's
 * snapshot shows every tag and index there will ever be.
 */
export async function deleteManifest(transaction: Session, repository: Repository, digest: Digest): ReturnType<ManifestFacts['delete']> {
  const registry = repository.registry.id
  const bytes = digestToBytes(digest)
  const [locked] = await transaction.query<{ readonly repository: number }>(sql`/* manifests.delete lock */
    SELECT repository_id AS repository FROM manifests
    WHERE registry_id = ${registry}
      AND repository_id = (SELECT id FROM repositories WHERE registry_id = ${registry} AND name = ${repository.name})
      AND digest = ${bytes}
    FOR UPDATE`)
  if (locked === undefined) return 'absent'
  const [row] = await transaction.query<{ readonly referenced: boolean; readonly tags: readonly Tag[] }>(sql`/* manifests.delete */
    WITH referenced AS (
      SELECT FROM manifest_manifests
      WHERE registry_id = ${registry} AND repository_id = ${locked.repository} AND child = ${bytes}
      LIMIT 1
    ), untagged AS (
      DELETE FROM tags
      WHERE registry_id = ${registry} AND repository_id = ${locked.repository} AND digest = ${bytes}
        AND NOT EXISTS (SELECT FROM referenced)
      RETURNING name
    ), gone AS (
      DELETE FROM manifests
      WHERE registry_id = ${registry} AND repository_id = ${locked.repository} AND digest = ${bytes}
        AND NOT EXISTS (SELECT FROM referenced)
    )
    SELECT EXISTS (SELECT FROM referenced) AS referenced, ARRAY(SELECT name FROM untagged ORDER BY name) AS tags`)
  return row!.referenced ? 'referenced' : { tags: row!.tags }
}
