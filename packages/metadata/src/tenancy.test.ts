import { afterAll, expect, test } from '@jest/globals'
import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { Metadata } from '@roadstead/distribution/metadata.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import { artifact, blob, emptyConfig, image, index } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import { linkBlobs, putManifest, tag } from '@roadstead/testing/pushes.ts'
import { repositoryIn, testRegistry } from '@roadstead/testing/registries.ts'
import type { AllFacts } from './metadata.ts'
import { sql } from './sql.ts'

const db = await testDatabase()
afterAll(() => db.close())

const { manifest, blobs } = image('shared')
const list = index([manifest])
const signature = artifact({ artifactType: 'a/b', subject: manifest.descriptor })
const extra = blob('linked, and named by no manifest')

/** The same names, tags and digests in every registry that is filled. */
async function fill(registry: Registry): Promise<void> {
  const repository = repositoryIn(registry, 'app')
  await linkBlobs(db.metadata, repository, [...blobs, emptyConfig, extra])
  await linkBlobs(db.metadata, repositoryIn(registry, 'other'), [])
  await putManifest(db.metadata, repository, manifest, ['latest', 'v1'])
  await putManifest(db.metadata, repository, list, ['list'])
  await putManifest(db.metadata, repository, signature)
  await db.metadata.credentials.setPassword(registry.id, 'admin', { slot: 1, hash: 'secret' })
  const deleted = { digest: blob('deleted').digest, size: 7, location: 'waiting' as Location }
  await db.metadata.blobs.add(repository, deleted)
  await db.metadata.blobs.unlink(repository, deleted.digest)
}

const full = await testRegistry(db.metadata)
await fill(full)
await db.metadata.scrubs.claim(0, 1_000_000)

/** Each function of the port, called for a registry that holds nothing: what it answers, or that it refuses. */
const calls: Readonly<
  Record<string, { readonly call: (facts: AllFacts, registry: Registry) => Promise<unknown>; readonly answer: unknown }>
> = {
  'repositories.exists': { call: (facts, a) => facts.repositories.exists(repositoryIn(a, 'app')), answer: false },
  'repositories.ensure': { call: (facts, a) => facts.repositories.ensure(repositoryIn(a, 'app')), answer: undefined },
  'repositories.publish': { call: (facts, a) => facts.repositories.publish(repositoryIn(a, 'app')), answer: undefined },
  'repositories.list': { call: (facts, a) => facts.repositories.list(a, '', 10), answer: [] },
  'blobs.find': { call: (facts, a) => facts.blobs.find(repositoryIn(a, 'app'), extra.digest), answer: undefined },
  'blobs.add': {
    call: async (facts, a) => {
      await facts.repositories.ensure(repositoryIn(a, 'app'))
      return await facts.blobs.add(repositoryIn(a, 'app'), { digest: extra.digest, size: 1, location: 'of its own' as Location })
    },
    answer: { digest: extra.digest, size: 1, location: 'of its own' },
  },
  'blobs.mount': {
    call: async (facts, a) => {
      await facts.repositories.ensure(repositoryIn(a, 'other'))
      return await facts.blobs.mount(repositoryIn(a, 'app'), repositoryIn(a, 'other'), extra.digest)
    },
    answer: false,
  },
  'blobs.mount from the other registry': {
    call: async (facts, a) => {
      await facts.repositories.ensure(repositoryIn(a, 'other'))
      return await facts.blobs.mount(repositoryIn(full, 'app'), repositoryIn(a, 'other'), extra.digest)
    },
    answer: false,
  },
  'blobs.unlink': { call: (facts, a) => facts.blobs.unlink(repositoryIn(a, 'app'), extra.digest), answer: 'absent' },
  'blobs.unlink of the last link': {
    call: async (facts, a) => {
      await facts.repositories.ensure(repositoryIn(a, 'app'))
      await facts.blobs.add(repositoryIn(a, 'app'), { digest: blobs[0]!.digest, size: 1, location: 'of its own' as Location })
      return await facts.blobs.unlink(repositoryIn(a, 'app'), blobs[0]!.digest)
    },
    answer: { location: 'of its own' },
  },
  'blobs.unknownLocations': {
    call: (facts, a) => facts.blobs.unknownLocations(a, [`at ${extra.digest}` as Location]),
    answer: [`at ${extra.digest}`],
  },
  'blobs.mark': {
    call: (facts, a) => facts.blobs.mark(a, { digest: extra.digest, size: 1, location: `at ${extra.digest}` as Location }, 'damaged'),
    answer: false,
  },
  'consistency.blobs': { call: (facts, a) => facts.consistency.blobs(a, undefined, 10), answer: [] },
  'consistency.blob': { call: (facts, a) => facts.consistency.blob(a, extra.digest), answer: undefined },
  'consistency.damaged': { call: (facts, a) => facts.consistency.damaged(a, undefined, 10), answer: [] },
  'consistency.users': { call: (facts, a) => facts.consistency.users(a, blobs[0]!.digest, 10), answer: [] },
  'consistency.manifests': { call: (facts, a) => facts.consistency.manifests(a, undefined, 10), answer: [] },
  'consistency.tags': { call: (facts, a) => facts.consistency.tags(a, undefined, 10), answer: { count: 0, last: undefined, broken: [] } },
  'deletions.due': { call: (facts, a) => facts.deletions.due(a, 0, 10), answer: [] },
  'deletions.forget': { call: (facts, a) => facts.deletions.forget(a, ['waiting' as Location]), answer: undefined },
  'scrubs.advance': { call: (facts, a) => facts.scrubs.advance(a, extra.digest, 1), answer: undefined },
  'scrubs.finish': { call: (facts, a) => facts.scrubs.finish(a), answer: undefined },
  'manifests.find by tag': {
    call: (facts, a) => facts.manifests.find(repositoryIn(a, 'app'), { kind: 'tag', tag: tag('latest') }),
    answer: undefined,
  },
  'manifests.find by digest': {
    call: (facts, a) => facts.manifests.find(repositoryIn(a, 'app'), { kind: 'digest', digest: manifest.digest }),
    answer: undefined,
  },
  'manifests.stat': {
    call: (facts, a) => facts.manifests.stat(repositoryIn(a, 'app'), { kind: 'tag', tag: tag('latest') }),
    answer: undefined,
  },
  'manifests.missing': {
    call: async (facts, a) => (await facts.manifests.missing(repositoryIn(a, 'app'), manifest.manifest)).length,
    answer: blobs.length,
  },
  'manifests.missing of an index': {
    call: async (facts, a) => (await facts.manifests.missing(repositoryIn(a, 'app'), list.manifest)).length,
    answer: 1,
  },
  'manifests.insert': {
    call: async (facts, a) => {
      await facts.repositories.ensure(repositoryIn(a, 'app'))
      return await facts.manifests
        .insert(repositoryIn(a, 'app'), manifest.digest, manifest.manifest, manifest.bytes)
        .catch((error) => error.code)
    },
    answer: '23503',
  },
  'manifests.delete': { call: (facts, a) => facts.manifests.delete(repositoryIn(a, 'app'), signature.digest), answer: 'absent' },
  'tags.move': {
    call: async (facts, a) => {
      await facts.repositories.ensure(repositoryIn(a, 'app'))
      return await facts.tags.move(repositoryIn(a, 'app'), [tag('latest')], list.digest).catch((error) => error.code)
    },
    answer: '23503',
  },
  'tags.delete': { call: (facts, a) => facts.tags.delete(repositoryIn(a, 'app'), tag('latest')), answer: undefined },
  'tags.list': { call: (facts, a) => facts.tags.list(repositoryIn(a, 'app'), '', 10), answer: [] },
  'referrers.list': {
    call: (facts, a) => facts.referrers.list(repositoryIn(a, 'app'), manifest.digest, undefined, undefined, 10),
    answer: { entries: [], more: false },
  },
  'referrers.list of a type': {
    call: (facts, a) => facts.referrers.list(repositoryIn(a, 'app'), manifest.digest, 'a/b', undefined, 10),
    answer: { entries: [], more: false },
  },
  'referrers.adopt': {
    call: (facts, a) => facts.referrers.adopt(repositoryIn(a, 'app'), list.digest, [manifest.descriptor]),
    answer: undefined,
  },
  'credentials.passwords': { call: (facts, a) => facts.credentials.passwords(a.id, 'admin'), answer: [] },
  'credentials.setPassword': {
    call: (facts, a) => facts.credentials.setPassword(a.id, 'admin', { slot: 1, hash: 'other' }),
    answer: undefined,
  },
}

test.each(Object.entries(calls))('%s sees and changes nothing of another registry', async (_, { call, answer }) => {
  const empty = await testRegistry(db.metadata)
  const before = await everythingOf(full)
  expect(await call(db.metadata, empty)).toEqual(answer)
  expect(await everythingOf(full)).toEqual(before)
})

test('two registries with the same names each show their own content', async () => {
  const second = await testRegistry(db.metadata)
  await fill(second)
  const [a, b] = [repositoryIn(full, 'app'), repositoryIn(second, 'app')]
  await db.metadata.tags.move(b, [tag('latest')], list.digest)
  const own = index([], { annotations: { only: 'here' } })
  await putManifest(db.metadata, b, own, ['own'])
  const { manifests, tags, repositories, blobs: facts } = db.metadata
  expect(await manifests.find(a, { kind: 'tag', tag: tag('latest') })).toMatchObject({ digest: manifest.digest })
  expect(await manifests.find(b, { kind: 'tag', tag: tag('latest') })).toMatchObject({ digest: list.digest })
  expect(await manifests.stat(b, { kind: 'digest', digest: own.digest })).toBeDefined()
  expect(await manifests.stat(a, { kind: 'digest', digest: own.digest })).toBeUndefined()
  expect(await facts.find(b, extra.digest)).toBeDefined()
  expect(await tags.list(a, '', 10)).toEqual(['latest', 'list', 'v1'])
  expect(await tags.list(b, '', 10)).toEqual(['latest', 'list', 'own', 'v1'])
  expect(await repositories.list(second, '', 10)).toEqual(['app'])
  expect(await manifests.delete(b, list.digest)).toEqual({ tags: ['latest', 'list'] })
  expect(await manifests.find(a, { kind: 'tag', tag: tag('list') })).toMatchObject({ digest: list.digest })
})

test('asked for both at once, in one statement, each gets its own', async () => {
  const empty = await testRegistry(db.metadata)
  const asked = [full, empty, full].map((registry) =>
    db.metadata.manifests.stat(repositoryIn(registry, 'app'), { kind: 'tag', tag: tag('latest') }),
  )
  expect((await Promise.all(asked)).map((fact) => fact?.digest)).toEqual([manifest.digest, undefined, manifest.digest])
})

test('no function of the port is left out', () => {
  // These are about the registry itself, all registries, or bound to it by a value that every caller has to have.
  const elsewhere = [
    'registries.find',
    'registries.list',
    'events.record',
    'consistency.damagedRegistries',
    'deletions.registries',
    'scrubs.claim',
    'signingKeys.list',
    'signingKeys.add',
    'signingKeys.removeOlder',
  ]
  const port = Object.entries(db.metadata as Omit<Metadata, 'transaction'>)
    .filter(([, facts]) => typeof facts === 'object')
    .flatMap(([noun, facts]) => Object.keys(facts as object).map((verb) => `${noun}.${verb}`))
  const covered = new Set(Object.keys(calls).map((name) => name.split(' ')[0]))
  expect(port.length).toBeGreaterThan(20)
  expect(port.filter((name) => !covered.has(name) && !elsewhere.includes(name))).toEqual([])
})

/** Every row of a registry in every tenant table. */
async function everythingOf({ id }: Registry): Promise<unknown> {
  return await db.database.query(sql`/* test.everything */
    SELECT 'repositories' AS t, to_jsonb(x) AS row FROM repositories x WHERE registry_id = ${id}
    UNION ALL SELECT 'blobs', to_jsonb(x) FROM blobs x WHERE registry_id = ${id}
    UNION ALL SELECT 'repository_blobs', to_jsonb(x) FROM repository_blobs x WHERE registry_id = ${id}
    UNION ALL SELECT 'manifests', to_jsonb(x) FROM manifests x WHERE registry_id = ${id}
    UNION ALL SELECT 'manifest_blobs', to_jsonb(x) FROM manifest_blobs x WHERE registry_id = ${id}
    UNION ALL SELECT 'manifest_manifests', to_jsonb(x) FROM manifest_manifests x WHERE registry_id = ${id}
    UNION ALL SELECT 'tags', to_jsonb(x) FROM tags x WHERE registry_id = ${id}
    UNION ALL SELECT 'referrers', to_jsonb(x) FROM referrers x WHERE registry_id = ${id}
    UNION ALL SELECT 'credentials', to_jsonb(x) FROM credentials x WHERE registry_id = ${id}
    UNION ALL SELECT 'deleted_locations', to_jsonb(x) FROM deleted_locations x WHERE registry_id = ${id}
    UNION ALL SELECT 'scrubs', to_jsonb(x) FROM scrubs x WHERE registry_id = ${id}
    UNION ALL SELECT 'events', to_jsonb(x) FROM events x WHERE registry_id = ${id}
    ORDER BY t, row`)
}
