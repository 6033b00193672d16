import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { BlobFacts, StoredBlob } from '@roadstead/distribution/metadata.ts'
import { digestToBytes } from '@roadstead/oci/digest.ts'
import type { Digest } from '@roadstead/oci/digest.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { Session } from './database.ts'
import { inOrderOf, lookupLimit } from './lookup.ts'
import type { MakeLookup } from './lookup.ts'
import { settle } from './settle.ts'
import { sql } from './sql.ts'
import { unlinkBlob } from './unlink-blob.ts'

interface BlobKey {
  readonly repository: Repository
  readonly digest: Digest
}

export interface BlobRow {
  readonly size: number
  readonly location: Location
  readonly damaged: boolean
}

/*
 * Whoever links or unlinks a blob locks its row in `blobs` first and its rows in `repository_blobs` after that: one order for all,
 * so that nobody waits in a circle. A push of a manifest locks rows in `repository_blobs` only.
 */
export function createBlobs(session: Session, lookup: MakeLookup): BlobFacts {
  const find = lookup({
    identify: ({ repository, digest }: BlobKey) => `${repository.registry.id} ${repository.name} ${digest}`,
    ask: (keys) => findBlobs(session, keys),
  })
  return {
    find: (repository, digest) => find({ repository, digest }),

    add: (repository, blob) => settle(() => addBlob(session, repository, blob)),

    async mount(from, to, digest) {
      if (from.registry.id !== to.registry.id) return false
      const [row] = await session.query<{ readonly found: boolean; readonly target: boolean }>(sql`/* blobs.mount */
        WITH source AS (
          SELECT b.registry_id, b.digest
          FROM repositories r
          JOIN repository_blobs l ON l.registry_id = r.registry_id AND l.repository_id = r.id
          JOIN blobs b ON b.registry_id = l.registry_id AND b.digest = l.digest
          WHERE r.registry_id = ${from.registry.id} AND r.name = ${from.name}
            AND l.registry_id = ${from.registry.id} AND l.digest = ${digestToBytes(digest)}
            AND b.registry_id = ${from.registry.id} AND b.digest = ${digestToBytes(digest)} AND b.damaged_at IS NULL
          FOR KEY SHARE OF b, l
        ), target AS (
          SELECT id FROM repositories WHERE registry_id = ${to.registry.id} AND name = ${to.name}
        ), linked AS (
          INSERT INTO repository_blobs (registry_id, repository_id, digest)
          SELECT source.registry_id, target.id, source.digest FROM source, target
          ON CONFLICT DO NOTHING
        )
        SELECT EXISTS (SELECT FROM source) AS found, EXISTS (SELECT FROM target) AS target`)
      if (!row!.target) throw new Error(`there is no repository ${to.name} to mount into`)
      return row!.found
    },

    unlink: (repository, digest) => session.atomically((transaction) => unlinkBlob(transaction, repository, digest)),

    async mark(registry, { digest, location }, state) {
      const damaged = state === 'damaged'
      const rows = await session.query(sql`/* blobs.mark */
        UPDATE blobs SET damaged_at = CASE WHEN ${damaged}::boolean THEN now() END
        WHERE registry_id = ${registry.id} AND digest = ${digestToBytes(digest)} AND location = ${location}
          AND (damaged_at IS NULL) = ${damaged}::boolean
        RETURNING 1`)
      return rows.length > 0
    },

    async unknownLocations(registry, locations) {
      const rows = await session.query<{ readonly location: Location }>(sql`/* blobs.unknownLocations */
        SELECT k.location
        FROM unnest(${locations}::text[]) AS k (location)
        WHERE (SELECT b.digest FROM blobs b WHERE b.registry_id = ${registry.id} AND b.location = k.location) IS NULL
          AND NOT EXISTS (SELECT FROM deleted_locations d WHERE d.registry_id = ${registry.id} AND d.location = k.location)`)
      return rows.map((row) => row.location)
    },
  }
}

async function findBlobs(session: Session, keys: readonly BlobKey[]): Promise<readonly (StoredBlob | undefined)[]> {
  const rows = await session.query<BlobRow & { readonly ordinal: number }>(
    sql`/* blobs.find */
    SELECT k.ordinal, b.size, b.location, b.damaged
    FROM unnest(
      ${keys.map((key) => key.repository.registry.id)}::bigint[],
      ${keys.map((key) => key.repository.name)}::text[],
      ${keys.map((key) => digestToBytes(key.digest))}::bytea[]
    ) WITH ORDINALITY AS k (registry_id, repository, digest, ordinal)
    CROSS JOIN LATERAL (
      SELECT r.id FROM repositories r WHERE r.registry_id = k.registry_id AND r.name = k.repository LIMIT 1
    ) r
    CROSS JOIN LATERAL (
      SELECT l.digest FROM repository_blobs l
      WHERE l.registry_id = k.registry_id AND l.repository_id = r.id AND l.digest = k.digest
      LIMIT 1
    ) l
    CROSS JOIN LATERAL (
      SELECT b.size, b.location, b.damaged_at IS NOT NULL AS damaged FROM blobs b WHERE b.registry_id = k.registry_id AND b.digest = k.digest LIMIT 1
    ) b`,
    lookupLimit,
  )
  return inOrderOf(keys, rows).map((row, index) => row && readBlob(keys[index]!.digest, row))
}

/**
 * Undefined where somebody else added, removed or repaired the same blob in between, which this statement's snapshot does not show. A
 * damaged row is not locked before it is changed: two pushes that repair it would each wait for the other's lock.
 */
async function addBlob(session: Session, repository: Repository, { digest, size, location }: StoredBlob): Promise<StoredBlob | undefined> {
  const registry = repository.registry.id
  const bytes = digestToBytes(digest)
  const [row] = await session.query<{
    readonly repository: number | null
    readonly size: number | null
    readonly location: Location | null
  }>(sql`/* blobs.add */
    WITH repository AS (
      SELECT id FROM repositories WHERE registry_id = ${registry} AND name = ${repository.name}
    ), known AS (
      SELECT size, location FROM blobs
      WHERE registry_id = ${registry} AND digest = ${bytes} AND damaged_at IS NULL
      FOR KEY SHARE
    ), damaged AS (
      SELECT location FROM blobs WHERE registry_id = ${registry} AND digest = ${bytes} AND damaged_at IS NOT NULL
    ), repaired AS (
      UPDATE blobs b SET size = ${size}::bigint, location = ${location}::text, damaged_at = NULL
      FROM damaged, repository
      WHERE b.registry_id = ${registry} AND b.digest = ${bytes} AND b.location = damaged.location AND b.damaged_at IS NOT NULL
      RETURNING b.size, b.location
    ), replaced AS (
      INSERT INTO deleted_locations (registry_id, location)
      SELECT ${registry}::bigint, damaged.location FROM damaged, repaired WHERE damaged.location <> repaired.location
      ON CONFLICT DO NOTHING
    ), added AS (
      INSERT INTO blobs (registry_id, digest, size, location)
      SELECT ${registry}::bigint, ${bytes}::bytea, ${size}::bigint, ${location}::text
      FROM repository WHERE NOT EXISTS (SELECT FROM known) AND NOT EXISTS (SELECT FROM damaged)
      ON CONFLICT (registry_id, digest) DO NOTHING
      RETURNING size, location
    ), present AS (
      SELECT size, location FROM known
      UNION ALL SELECT size, location FROM repaired
      UNION ALL SELECT size, location FROM added
    ), linked AS (
      INSERT INTO repository_blobs (registry_id, repository_id, digest)
      SELECT ${registry}::bigint, repository.id, ${bytes} FROM repository, present
      ON CONFLICT DO NOTHING
    )
    SELECT (SELECT id FROM repository) AS repository, present.size, present.location
    FROM (VALUES (1)) AS one LEFT JOIN present ON true`)
  if (row!.repository === null) throw new Error(`there is no repository ${repository.name} to add a blob to`)
  return row!.size === null || row!.location === null ? undefined : { digest, size: row!.size, location: row!.location }
}

export function readBlob(digest: Digest, { size, location, damaged }: BlobRow): StoredBlob {
  return { digest, size, location, ...(damaged && { damaged }) }
}
