import type { CheckedManifest, ManifestKey } from '@roadstead/distribution/consistency-facts.ts'
import { digestFromBytes, digestToBytes } from '@roadstead/oci/digest.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { RepositoryName } from '@roadstead/oci/repository-name.ts'
import type { Session } from './database.ts'
import { sql } from './sql.ts'

/** Bytes of payload after which a page ends. It holds one manifest at least, however large. */
const pageBytes = 8 * 1024 * 1024

interface Row {
  readonly repository_id: number
  readonly repository: RepositoryName
  readonly digest: Buffer
  readonly media_type: string
  readonly size: number
  readonly payload: Buffer
  readonly blobs: readonly Buffer[]
  readonly manifests: readonly Buffer[]
  readonly absent_blobs: readonly Buffer[]
  readonly absent_manifests: readonly Buffer[]
  readonly subject: Buffer | null
  readonly listed: boolean
}

/** One statement, so that what is compared is of one moment: a manifest that goes meanwhile is seen with all its edges or not at all. */
export async function checkManifests(
  session: Session,
  registry: Registry,
  after: ManifestKey | undefined,
  limit: number,
): Promise<readonly CheckedManifest[]> {
  const from = after === undefined ? Buffer.alloc(0) : digestToBytes(after.digest)
  const rows = await session.query<Row>(sql`/* consistency.manifests */
    WITH page AS (
      SELECT m.repository_id, m.digest, m.media_type, m.size, m.subject, m.payload FROM manifests m
      WHERE m.registry_id = ${registry.id} AND (m.repository_id, m.digest) > (${after?.repository ?? 0}::bigint, ${from}::bytea)
      ORDER BY m.repository_id, m.digest
      LIMIT ${limit}
    ), bounded AS (
      SELECT *, sum(octet_length(payload)) OVER (ORDER BY repository_id, digest) - octet_length(payload) AS before FROM page
    )
    SELECT p.repository_id, r.name AS repository, p.digest, p.media_type, p.size, p.payload,
      ARRAY(
        SELECT e.blob FROM manifest_blobs e
        WHERE e.registry_id = ${registry.id} AND e.repository_id = p.repository_id AND e.manifest = p.digest
      ) AS blobs,
      ARRAY(
        SELECT e.child FROM manifest_manifests e
        WHERE e.registry_id = ${registry.id} AND e.repository_id = p.repository_id AND e.manifest = p.digest
      ) AS manifests,
      ARRAY(
        SELECT e.blob FROM manifest_blobs e
        WHERE e.registry_id = ${registry.id} AND e.repository_id = p.repository_id AND e.manifest = p.digest
          AND (
            SELECT b.size FROM repository_blobs l
            JOIN blobs b ON b.registry_id = l.registry_id AND b.digest = l.digest
            WHERE l.registry_id = ${registry.id} AND l.repository_id = p.repository_id AND l.digest = e.blob
              AND b.registry_id = ${registry.id} AND b.digest = e.blob
            LIMIT 1
          ) IS NULL
      ) AS absent_blobs,
      ARRAY(
        SELECT e.child FROM manifest_manifests e
        WHERE e.registry_id = ${registry.id} AND e.repository_id = p.repository_id AND e.manifest = p.digest
          AND (
            SELECT c.size FROM manifests c
            WHERE c.registry_id = ${registry.id} AND c.repository_id = p.repository_id AND c.digest = e.child
            LIMIT 1
          ) IS NULL
      ) AS absent_manifests,
      p.subject,
      EXISTS (
        SELECT FROM referrers f
        WHERE f.registry_id = ${registry.id} AND f.repository_id = p.repository_id AND f.subject = p.subject AND f.digest = p.digest
      ) AS listed
    FROM bounded p
    CROSS JOIN LATERAL (
      SELECT r.name FROM repositories r WHERE r.registry_id = ${registry.id} AND r.id = p.repository_id LIMIT 1
    ) r
    WHERE p.before < ${pageBytes}
    ORDER BY p.repository_id, p.digest`)
  return rows.map(readRow)
}

function readRow(row: Row): CheckedManifest {
  const digest = digestFromBytes(row.digest)
  return {
    key: { repository: row.repository_id, digest },
    repository: row.repository,
    digest,
    mediaType: row.media_type,
    size: row.size,
    payload: row.payload,
    blobs: row.blobs.map(digestFromBytes),
    manifests: row.manifests.map(digestFromBytes),
    absentBlobs: row.absent_blobs.map(digestFromBytes),
    absentManifests: row.absent_manifests.map(digestFromBytes),
    subject: row.subject === null ? undefined : digestFromBytes(row.subject),
    listed: row.listed,
  }
}
