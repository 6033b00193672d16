import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { Digest } from '@roadstead/oci/digest.ts'
import type { RegistryLabel } from '@roadstead/oci/login-server.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import { artifact, image, index } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import { tag } from '@roadstead/testing/pushes.ts'
import { repositoryIn } from '@roadstead/testing/registries.ts'
import type { Database, Session } from './database.ts'
import { createMetadata } from './metadata.ts'
import type { AllFacts } from './metadata.ts'
import { sql } from './sql.ts'
import type { Statement } from './sql.ts'

/** Rows of each tenant table, nearly all of them in one repository of one registry: where a planner is tempted most to read it all. */
const rows = 100_000

const tenantTables = new Set(
  'registries repositories blobs repository_blobs manifests manifest_blobs manifest_manifests tags referrers credentials events deleted_locations scrubs'.split(
    ' ',
  ),
)

const db = await testDatabase()
afterAll(() => db.close())

beforeAll(async () => {
  // As a replica applies changes: without looking each foreign key up.
  await db.database.script(async () => {
    return `
      SET LOCAL session_replication_role = replica;
      INSERT INTO tenants (name) SELECT 'tenant' || n FROM generate_series(1, 10000) n;
      INSERT INTO storage_accounts (tenant_id, url) SELECT id, 'memory:' || id FROM tenants;
      INSERT INTO registries (tenant_id, storage_account_id, name, label)
        SELECT t.id, a.id, 'registry', 'registry-' || t.name FROM tenants t JOIN storage_accounts a ON a.tenant_id = t.id;
      INSERT INTO repositories (registry_id, name, published_at) SELECT 1, 'repository/' || n, now() FROM generate_series(1, ${rows}) n;
      CREATE TEMPORARY TABLE digests ON COMMIT DROP AS SELECT n, '\\x01'::bytea || sha256(n::text::bytea) AS digest FROM generate_series(1, ${rows}) n;
      INSERT INTO blobs (registry_id, digest, size, location) SELECT 1, digest, n, 'at ' || n FROM digests;
      INSERT INTO repository_blobs (registry_id, repository_id, digest) SELECT 1, 1, digest FROM digests;
      UPDATE blobs SET damaged_at = now() WHERE size % 1000 = 0;
      INSERT INTO deleted_locations (registry_id, location, deleted_at)
        SELECT 1, 'deleted ' || n, now() - n * interval '1 second' FROM digests;
      INSERT INTO scrubs (registry_id, claimed_until, finished_at) SELECT n, now(), now() FROM generate_series(1, 10000) n;
      INSERT INTO manifests (registry_id, repository_id, digest, media_type, size, payload)
        SELECT 1, 1, digest, 'application/vnd.oci.image.manifest.v1+json', 2, '{}' FROM digests;
      INSERT INTO manifest_blobs (registry_id, repository_id, manifest, blob) SELECT 1, 1, digest, digest FROM digests;
      INSERT INTO manifest_manifests (registry_id, repository_id, manifest, child) SELECT 1, 1, digest, digest FROM digests;
      INSERT INTO tags (registry_id, repository_id, name, digest) SELECT 1, 1, 'tag' || n, digest FROM digests;
      INSERT INTO referrers (registry_id, repository_id, subject, digest, artifact_type, descriptor)
        SELECT 1, 1, (SELECT digest FROM digests WHERE n = 1), digest, sha256((n % 10)::text::bytea), '{}' FROM digests;
      INSERT INTO credentials (registry_id, account, slot, hash) SELECT n, 'admin', 1, '' FROM generate_series(1, 10000) n;`
  })
  await db.database.script(async () => 'ANALYZE')
}, 120_000)

/** Servers before version 16 cannot show them. */
const [version] = await db.database.query<{ readonly number: number }>(
  sql`/* test.version */ SELECT current_setting('server_version_num')::integer AS number`,
)
const showsGenericPlans = version!.number >= 160_000

const registry = { id: 1 } as Registry
const repository = repositoryIn(registry, 'repository/1')
const other = repositoryIn(registry, 'repository/2')
const { manifest, blobs } = image('new')
const digest: Digest = manifest.digest
const many = <Item>(count: number, make: (n: number) => Item): readonly Item[] => Array.from({ length: count }, (_, n) => make(n))

/** Every operation that requests wait for. What it does to the rows is taken back. */
const operations: Readonly<Record<string, (facts: AllFacts) => Promise<unknown>>> = {
  'registries.find': (facts) => facts.registries.find('registry-tenant77' as RegistryLabel),
  'registries.find, many': (facts) => Promise.all(many(256, (n) => facts.registries.find(`registry-tenant${n}` as RegistryLabel))),
  'registries.list': (facts) => facts.registries.list(undefined, 100),
  'repositories.exists': (facts) => facts.repositories.exists(repository),
  'repositories.ensure': (facts) => facts.repositories.ensure(repository),
  'repositories.publish': (facts) => facts.repositories.publish(repository),
  'repositories.list': (facts) => facts.repositories.list(registry, 'repository/5', 100),
  'blobs.find': (facts) => facts.blobs.find(repository, digest),
  'blobs.find, many': (facts) => Promise.all(many(256, (n) => facts.blobs.find(repositoryIn(registry, `repository/${n + 1}`), digest))),
  'blobs.add': (facts) => facts.blobs.add(repository, { digest, size: 1, location: 'new' as Location }),
  'blobs.mount': (facts) => facts.blobs.mount(repository, other, digest),
  'blobs.unlink': async (facts) => {
    await facts.blobs.add(repository, { digest, size: 1, location: 'new' as Location })
    return await facts.blobs.unlink(repository, digest)
  },
  'blobs.unknownLocations': (facts) =>
    facts.blobs.unknownLocations(
      registry,
      many(500, (n) => `at ${n}` as Location),
    ),
  'blobs.mark': (facts) => facts.blobs.mark(registry, { digest, size: 1, location: 'at 1' as Location }, 'damaged'),
  'consistency.blobs': (facts) => facts.consistency.blobs(registry, digest, 100),
  'consistency.blob': (facts) => facts.consistency.blob(registry, digest),
  'consistency.damaged': (facts) => facts.consistency.damaged(registry, digest, 100),
  'consistency.users': (facts) => facts.consistency.users(registry, knownDigest, 5),
  'consistency.manifests': (facts) => facts.consistency.manifests(registry, { repository: 1, digest }, 100),
  'consistency.tags': (facts) => facts.consistency.tags(registry, { repository: 1, tag: tag('tag5') }, 100),
  'deletions.due': (facts) => facts.deletions.due(registry, 1000, 100),
  'deletions.forget': (facts) => facts.deletions.forget(registry, ['deleted 1' as Location]),
  'scrubs.advance': (facts) => facts.scrubs.advance(registry, digest, 1000),
  'scrubs.finish': (facts) => facts.scrubs.finish(registry),
  'manifests.find by tag': (facts) => facts.manifests.find(repository, { kind: 'tag', tag: tag('tag7') }),
  'manifests.find by digest': (facts) => facts.manifests.find(repository, { kind: 'digest', digest }),
  'manifests.find, many': (facts) => Promise.all(many(256, (n) => facts.manifests.find(repository, { kind: 'tag', tag: tag(`tag${n}`) }))),
  'manifests.stat': (facts) => facts.manifests.stat(repository, { kind: 'tag', tag: tag('tag7') }),
  'manifests.missing': (facts) => facts.manifests.missing(repository, manifest.manifest),
  'manifests.missing of an index': (facts) => facts.manifests.missing(repository, index([manifest]).manifest),
  'manifests.insert and delete': async (facts) => {
    for (const { digest: blobDigest, bytes } of blobs) {
      await facts.blobs.add(repository, { digest: blobDigest, size: bytes.length, location: `at ${blobDigest}` as Location })
    }
    await facts.manifests.insert(repository, digest, manifest.manifest, manifest.bytes)
    return await facts.manifests.delete(repository, digest)
  },
  'tags.move': (facts) => facts.tags.move(repository, [tag('tag5'), tag('tag6')], knownDigest),
  'tags.delete': (facts) => facts.tags.delete(repository, tag('tag5')),
  'tags.list': (facts) => facts.tags.list(repository, 'tag5', 100),
  'referrers.list': (facts) => facts.referrers.list(repository, knownDigest, undefined, undefined, 100),
  'referrers.list, further': (facts) => facts.referrers.list(repository, knownDigest, undefined, digest, 100),
  'referrers.list of a type': (facts) => facts.referrers.list(repository, knownDigest, '7', digest, 100),
  'referrers.adopt': (facts) => facts.referrers.adopt(repository, digest, [artifact({ artifactType: 'a/b' }).descriptor]),
  'credentials.passwords': (facts) => facts.credentials.passwords(registry.id, 'admin'),
  'credentials.setPassword': (facts) => facts.credentials.setPassword(registry.id, 'admin', { slot: 2, hash: '' }),
}

/** SHA-256 of `1`, the first of the rows. */
const knownDigest = 'sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b' as Digest

test.each(Object.keys(operations))('%s reads only what it needs', async (name) => {
  const statements = await sentBy(operations[name]!)
  expect(statements.length).toBeGreaterThan(0)
  for (const { label, text, values } of statements) {
    const custom = ['custom', { text: `EXPLAIN (FORMAT JSON) ${text}`, values }] as const
    const generic = ['generic', { text: `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`, values: [] }] as const
    for (const [kind, explain] of showsGenericPlans ? [custom, generic] : [custom]) {
      const [row] = await db.database.query<{ readonly 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>({
        label,
        name: '',
        ...explain,
      })
      const plan = row!['QUERY PLAN'][0].Plan
      const whole = nodes(plan).filter((node) => tenantTables.has(node['Relation Name'] ?? '') && readsAll(node))
      expect({ label, kind, whole }).toEqual({ label, kind, whole: [] })
    }
  }
})

test.each([
  `SELECT FROM manifests WHERE media_type = 'x'`,
  `SELECT FROM tags WHERE digest = '\\x00'`,
  `SELECT FROM tags WHERE registry_id = 1 AND repository_id = 1 ORDER BY name LIMIT 5`,
])('the rule finds %s', async (text) => {
  const [row] = await db.database.query<{ readonly 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>({
    label: 'test',
    name: '',
    text: `EXPLAIN (FORMAT JSON) ${text}`,
    values: [],
  })
  expect(nodes(row!['QUERY PLAN'][0].Plan).some(readsAll)).toBe(true)
})

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Cond'?: string
  readonly 'Recheck Cond'?: string
  readonly Plans?: readonly PlanNode[]
}

/**
 * A sequential scan, or an index scan that the index does not narrow by the registry and one thing more. Lists are narrowed by their
 * lower bound and end at their limit.
 */
function readsAll(node: PlanNode): boolean {
  if (node['Node Type'] === 'Seq Scan') return true
  if (!/^(?:Index|Index Only|Bitmap Heap) Scan$/.test(node['Node Type'])) return false
  const condition = node['Index Cond'] ?? node['Recheck Cond'] ?? ''
  // One row for each registry.
  if (node['Relation Name'] === 'scrubs') return !/\bregistry_id\b/.test(condition)
  if (node['Relation Name'] === 'registries') return !/\b(?:id|label)\b/.test(condition)
  return (
    !/\bregistry_id\b/.test(condition) || !/\b(?:id|digest|name|location|subject|blob|child|manifest|account|deleted_at)\b/.test(condition)
  )
}

function nodes(plan: PlanNode): readonly PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)]
}

/** The statements of an operation on the pool, where reads share statements; all that it changes happens in a transaction that fails. */
async function sentBy(operation: (facts: AllFacts) => Promise<unknown>): Promise<readonly Statement[]> {
  const statements: Statement[] = []
  const undo = new Error('undo')
  const work = db.database.atomically(async (transaction) => {
    const recorder: Session = {
      query(statement) {
        statements.push(statement)
        return transaction.query(statement)
      },
      atomically: (inner) => inner(recorder),
    }
    await operation(createMetadata({ ...recorder, script: db.database.script, close: db.database.close } satisfies Database))
    throw undo
  })
  await expect(work).rejects.toBe(undo)
  return statements
}
