import { digestToBytes } from '@roadstead/oci/digest.ts'
import type { Digest } from '@roadstead/oci/digest.ts'
import type { Manifest } from '@roadstead/oci/manifest.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { Session } from './database.ts'
import { artifactTypeKey, referrerEntry } from './referrer-entry.ts'
import { sql } from './sql.ts'

/**
 * The manifest, its edges and its place among the referrers in one statement; a manifest that is there already is locked against
 * removal, so that a tag can be put on it. Undefined where somebody else pushed or removed it in between.
 */
export async function insertManifest(
  session: Session,
  repository: Repository,
  digest: Digest,
  manifest: Manifest,
  payload: Buffer,
): Promise<boolean | undefined> {
  const registry = repository.registry.id
  const bytes = digestToBytes(digest)
  const subject = manifest.subject === undefined ? null : digestToBytes(manifest.subject.digest)
  const entry = referrerEntry({ ...manifest, digest, size: payload.length })
  const [row] = await session.query<{
    readonly repository: number | null
    readonly known: boolean
    readonly added: boolean
  }>(sql`/* manifests.insert */
    WITH repository AS (
      SELECT registry_id, id FROM repositories WHERE registry_id = ${registry} AND name = ${repository.name}
    ), known AS (
      SELECT digest FROM manifests
      WHERE registry_id = ${registry} AND repository_id = (SELECT id FROM repository) AND digest = ${bytes}
      FOR KEY SHARE
    ), added AS (
      INSERT INTO manifests (registry_id, repository_id, digest, media_type, size, subject, payload)
      SELECT registry_id, id, ${bytes}::bytea, ${manifest.mediaType}::text, ${payload.length}::integer, ${subject}::bytea, ${payload}::bytea
      FROM repository WHERE NOT EXISTS (SELECT FROM known)
      ON CONFLICT (registry_id, repository_id, digest) DO NOTHING
      RETURNING registry_id, repository_id, digest
    ), blob_edges AS (
      INSERT INTO manifest_blobs (registry_id, repository_id, manifest, blob)
      SELECT added.*, unnest(${manifest.blobs.map((blob) => digestToBytes(blob.digest))}::bytea[]) FROM added
    ), manifest_edges AS (
      INSERT INTO manifest_manifests (registry_id, repository_id, manifest, child)
      SELECT added.*, unnest(${manifest.manifests.map((child) => digestToBytes(child.digest))}::bytea[]) FROM added
    ), referrer AS (
      INSERT INTO referrers (registry_id, repository_id, digest, subject, artifact_type, descriptor)
      SELECT added.*, ${subject}::bytea, ${artifactTypeKey(manifest.artifactType)}::bytea, ${entry}::bytea
      FROM added WHERE ${subject}::bytea IS NOT NULL
    )
    SELECT (SELECT id FROM repository) AS repository, EXISTS (SELECT FROM known) AS known, EXISTS (SELECT FROM added) AS added`)
  if (row!.repository === null) throw new Error(`there is no repository ${repository.name} to put a manifest into`)
  return row!.known || row!.added ? row!.added : undefined
}
