import type { StoredManifest } from '@roadstead/distribution/metadata.ts'
import { digestFromBytes, digestToBytes } from '@roadstead/oci/digest.ts'
import { formatReference } from '@roadstead/oci/reference.ts'
import type { Reference } from '@roadstead/oci/reference.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { Session } from './database.ts'
import { inOrderOf, lookupLimit } from './lookup.ts'
import { sql } from './sql.ts'

export interface ManifestKey {
  readonly repository: Repository
  readonly reference: Reference
}

interface ManifestRow {
  readonly ordinal: number
  readonly digest: Buffer
  readonly media_type: string
  readonly size: number
}

// The colon of a digest keeps it from being equal to any tag.
export const identifyManifest = ({ repository, reference }: ManifestKey): string =>
  `${repository.registry.id} ${repository.name} ${formatReference(reference)}`

const registries = (keys: readonly ManifestKey[]): readonly number[] => keys.map((key) => key.repository.registry.id)
const names = (keys: readonly ManifestKey[]): readonly string[] => keys.map((key) => key.repository.name)
const tags = (keys: readonly ManifestKey[]): readonly (string | null)[] =>
  keys.map(({ reference }) => (reference.kind === 'tag' ? reference.tag : null))
const digests = (keys: readonly ManifestKey[]): readonly (Buffer | null)[] =>
  keys.map(({ reference }) => (reference.kind === 'digest' ? digestToBytes(reference.digest) : null))

/*
 * Every step has LIMIT 1: it makes each key a few index look-ups, whatever the planner thinks of the number of keys, which it does
 * not know once the statement is prepared.
 */

export async function findManifests(
  session: Session,
  keys: readonly ManifestKey[],
): Promise<readonly ((StoredManifest & { readonly payload: Buffer }) | undefined)[]> {
  const rows = await session.query<ManifestRow & { readonly payload: Buffer }>(
    sql`/* manifests.find */
    SELECT k.ordinal, m.digest, m.media_type, m.size, m.payload
    FROM unnest(${registries(keys)}::bigint[], ${names(keys)}::text[], ${tags(keys)}::text[], ${digests(keys)}::bytea[])
      WITH ORDINALITY AS k (registry_id, repository, tag, digest, ordinal)
    CROSS JOIN LATERAL (
      SELECT r.id FROM repositories r WHERE r.registry_id = k.registry_id AND r.name = k.repository LIMIT 1
    ) r
    CROSS JOIN LATERAL (
      SELECT COALESCE(k.digest, (
        SELECT t.digest FROM tags t WHERE t.registry_id = k.registry_id AND t.repository_id = r.id AND t.name = k.tag LIMIT 1
      )) AS digest OFFSET 0
    ) d
    CROSS JOIN LATERAL (
      SELECT m.digest, m.media_type, m.size, m.payload FROM manifests m
      WHERE m.registry_id = k.registry_id AND m.repository_id = r.id AND m.digest = d.digest
      LIMIT 1
    ) m`,
    lookupLimit,
  )
  return inOrderOf(keys, rows).map((row) => row && { ...readManifestRow(row), payload: row.payload })
}

export async function statManifests(session: Session, keys: readonly ManifestKey[]): Promise<readonly (StoredManifest | undefined)[]> {
  const rows = await session.query<ManifestRow>(
    sql`/* manifests.stat */
    SELECT k.ordinal, m.digest, m.media_type, m.size
    FROM unnest(${registries(keys)}::bigint[], ${names(keys)}::text[], ${tags(keys)}::text[], ${digests(keys)}::bytea[])
      WITH ORDINALITY AS k (registry_id, repository, tag, digest, ordinal)
    CROSS JOIN LATERAL (
      SELECT r.id FROM repositories r WHERE r.registry_id = k.registry_id AND r.name = k.repository LIMIT 1
    ) r
    CROSS JOIN LATERAL (
      SELECT COALESCE(k.digest, (
        SELECT t.digest FROM tags t WHERE t.registry_id = k.registry_id AND t.repository_id = r.id AND t.name = k.tag LIMIT 1
      )) AS digest OFFSET 0
    ) d
    CROSS JOIN LATERAL (
      SELECT m.digest, m.media_type, m.size FROM manifests m
      WHERE m.registry_id = k.registry_id AND m.repository_id = r.id AND m.digest = d.digest
      LIMIT 1
    ) m`,
    lookupLimit,
  )
  return inOrderOf(keys, rows).map((row) => row && readManifestRow(row))
}

function readManifestRow(row: ManifestRow): StoredManifest {
  return { digest: digestFromBytes(row.digest), mediaType: row.media_type, size: row.size }
}
