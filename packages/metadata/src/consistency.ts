import type {
  BlobUser,
  BrokenTag,
  CheckedBlob,
  CheckedManifest,
  ConsistencyFacts,
  TagKey,
} from '@roadstead/distribution/consistency-facts.ts'
import type { StoredBlob } from '@roadstead/distribution/metadata.ts'
import { digestFromBytes, digestToBytes } from '@roadstead/oci/digest.ts'
import type { Digest } from '@roadstead/oci/digest.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { RepositoryName } from '@roadstead/oci/repository-name.ts'
import type { Tag } from '@roadstead/oci/tag.ts'
import { readBlob } from './blobs.ts'
import type { BlobRow } from './blobs.ts'
import { checkManifests } from './check-manifests.ts'
import type { Session } from './database.ts'
import { readRegistry } from './registries.ts'
import type { RegistryRow } from './registries.ts'
import { sql } from './sql.ts'

type DigestedRow = BlobRow & { readonly digest: Buffer }

export function createConsistency(session: Session): ConsistencyFacts {
  return {
    blobs: (registry, after, limit) => checkBlobs(session, registry, after, limit),
    blob: (registry, digest) => findBlob(session, registry, digest),
    damaged: (registry, after, limit) => damagedBlobs(session, registry, after, limit),
    users: (registry, digest, limit) => usersOf(session, registry, digest, limit),
    manifests: (registry, after, limit): Promise<readonly CheckedManifest[]> => checkManifests(session, registry, after, limit),
    tags: (registry, after, limit) => checkTags(session, registry, after, limit),

    async damagedRegistries(after, limit) {
      const rows = await session.query<RegistryRow>(sql`/* consistency.damagedRegistries */
        SELECT r.id, r.name, t.name AS tenant, r.label, a.url AS storage, r.admin_enabled, r.anonymous_pull, r.created_at
        FROM registries r
        JOIN tenants t ON t.id = r.tenant_id
        JOIN storage_accounts a ON a.id = r.storage_account_id
        WHERE r.id > ${after ?? 0} AND r.deleted_at IS NULL
          AND EXISTS (SELECT FROM blobs b WHERE b.registry_id = r.id AND b.damaged_at IS NOT NULL)
        ORDER BY r.id
        LIMIT ${limit}`)
      return rows.map(readRegistry)
    },
  }
}

/** Less than every digest: nothing is shorter than the empty text. */
function bytesAfter(after: Digest | undefined): Buffer {
  return after === undefined ? Buffer.alloc(0) : digestToBytes(after)
}

function readDigested(row: DigestedRow): StoredBlob {
  return readBlob(digestFromBytes(row.digest), row)
}

async function checkBlobs(session: Session, registry: Registry, after: Digest | undefined, limit: number): Promise<readonly CheckedBlob[]> {
  const rows = await session.query<DigestedRow & { readonly linked: boolean }>(sql`/* consistency.blobs */
    SELECT b.digest, b.size, b.location, b.damaged_at IS NOT NULL AS damaged,
      (SELECT l.repository_id FROM repository_blobs l WHERE l.registry_id = ${registry.id} AND l.digest = b.digest LIMIT 1) IS NOT NULL AS linked
    FROM blobs b
    WHERE b.registry_id = ${registry.id} AND b.digest > ${bytesAfter(after)}
    ORDER BY b.digest
    LIMIT ${limit}`)
  return rows.map((row) => ({ ...readDigested(row), linked: row.linked }))
}

async function findBlob(session: Session, registry: Registry, digest: Digest): Promise<StoredBlob | undefined> {
  const [row] = await session.query<BlobRow>(sql`/* consistency.blob */
    SELECT size, location, damaged_at IS NOT NULL AS damaged FROM blobs
    WHERE registry_id = ${registry.id} AND digest = ${digestToBytes(digest)}`)
  return row && readBlob(digest, row)
}

async function damagedBlobs(
  session: Session,
  registry: Registry,
  after: Digest | undefined,
  limit: number,
): Promise<readonly StoredBlob[]> {
  const rows = await session.query<DigestedRow>(sql`/* consistency.damaged */
    SELECT digest, size, location, true AS damaged FROM blobs
    WHERE registry_id = ${registry.id} AND digest > ${bytesAfter(after)} AND damaged_at IS NOT NULL
    ORDER BY digest
    LIMIT ${limit}`)
  return rows.map(readDigested)
}

async function usersOf(session: Session, registry: Registry, digest: Digest, limit: number): Promise<readonly BlobUser[]> {
  const rows = await session.query<{
    readonly repository: RepositoryName
    readonly manifest: Buffer | null
    readonly tags: readonly Tag[]
  }>(sql`/* consistency.users */
    SELECT r.name AS repository, e.manifest, ARRAY(
      SELECT t.name FROM tags t
      WHERE t.registry_id = ${registry.id} AND t.repository_id = l.repository_id AND t.digest = e.manifest
      ORDER BY t.name
      LIMIT ${limit}
    ) AS tags
    FROM (
      SELECT repository_id FROM repository_blobs
      WHERE registry_id = ${registry.id} AND digest = ${digestToBytes(digest)}
      LIMIT ${limit}
    ) l
    CROSS JOIN LATERAL (
      SELECT r.name FROM repositories r WHERE r.registry_id = ${registry.id} AND r.id = l.repository_id LIMIT 1
    ) r
    LEFT JOIN LATERAL (
      SELECT e.manifest FROM manifest_blobs e
      WHERE e.registry_id = ${registry.id} AND e.repository_id = l.repository_id AND e.blob = ${digestToBytes(digest)}
      LIMIT ${limit}
    ) e ON true
    LIMIT ${limit}`)
  return rows.map(({ repository, manifest, tags }) => ({
    repository,
    ...(manifest !== null && { manifest: digestFromBytes(manifest) }),
    tags,
  }))
}

async function checkTags(
  session: Session,
  registry: Registry,
  after: TagKey | undefined,
  limit: number,
): ReturnType<ConsistencyFacts['tags']> {
  const [row] = await session.query<{
    readonly count: number
    readonly last: { readonly repository: number; readonly tag: Tag } | null
    readonly broken: readonly { readonly repository: RepositoryName | null; readonly tag: Tag; readonly digest: string }[] | null
  }>(sql`/* consistency.tags */
    WITH page AS MATERIALIZED (
      SELECT t.repository_id, t.name, t.digest FROM tags t
      WHERE t.registry_id = ${registry.id} AND (t.repository_id, t.name) > (${after?.repository ?? 0}::bigint, ${after?.tag ?? ''}::text)
      ORDER BY t.repository_id, t.name
      LIMIT ${limit}
    ), broken AS (
      SELECT r.name AS repository, p.name AS tag, encode(p.digest, 'hex') AS digest
      FROM page p
      LEFT JOIN LATERAL (
        SELECT r.name FROM repositories r WHERE r.registry_id = ${registry.id} AND r.id = p.repository_id LIMIT 1
      ) r ON true
      WHERE (
        SELECT m.size FROM manifests m
        WHERE m.registry_id = ${registry.id} AND m.repository_id = p.repository_id AND m.digest = p.digest
        LIMIT 1
      ) IS NULL
    )
    SELECT (SELECT count(*) FROM page) AS count,
      (SELECT json_build_object('repository', repository_id, 'tag', name) FROM page ORDER BY repository_id DESC, name DESC LIMIT 1) AS last,
      (SELECT json_agg(broken) FROM broken) AS broken`)
  return { count: row!.count, last: row!.last ?? undefined, broken: (row!.broken ?? []).map(readBrokenTag) }
}

function readBrokenTag({
  repository,
  tag,
  digest,
}: {
  readonly repository: RepositoryName | null
  readonly tag: Tag
  readonly digest: string
}): BrokenTag {
  return { repository: repository ?? ('?' as RepositoryName), tag, digest: digestFromBytes(Buffer.from(digest, 'hex')) }
}
