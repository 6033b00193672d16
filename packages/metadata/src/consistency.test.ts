import { afterAll, describe, expect, test } from '@jest/globals'
import type { Location } from '@roadstead/distribution/blob-store.ts'
import { artifact, blob, emptyConfig, image, index } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import { linkBlobs, putManifest, tag } from '@roadstead/testing/pushes.ts'
import { ensureRepository, testRegistry } from '@roadstead/testing/registries.ts'

const db = await testDatabase()
const { blobs, consistency, manifests } = db.metadata
afterAll(() => db.close())

/** Foreign keys keep these states from coming about by themselves. */
async function break_(text: string): Promise<void> {
  await db.database.script(async () => `SET LOCAL session_replication_role = replica; ${text}`)
}

describe('a damaged blob', () => {
  test('is found as such, until a push brings other bytes; the earlier ones wait for their removal', async () => {
    const registry = await testRegistry(db.metadata)
    const repository = await ensureRepository(db.metadata, registry, 'app')
    const known = { digest: blob('damaged').digest, size: 7, location: 'first' as Location }
    await blobs.add(repository, known)
    expect(await blobs.mark(registry, known, 'damaged')).toBe(true)
    expect(await blobs.mark(registry, known, 'damaged')).toBe(false)
    expect(await blobs.find(repository, known.digest)).toEqual({ ...known, damaged: true })
    expect(await consistency.damaged(registry, undefined, 10)).toEqual([{ ...known, damaged: true }])
    expect((await consistency.damagedRegistries(undefined, 1000)).map(({ id }) => id)).toContain(registry.id)
    expect(await blobs.unknownLocations(registry, [known.location])).toEqual([])

    const renewed = { ...known, location: 'second' as Location }
    expect(await blobs.add(repository, renewed)).toEqual(renewed)
    expect(await blobs.find(repository, known.digest)).toEqual(renewed)
    expect(await consistency.damaged(registry, undefined, 10)).toEqual([])
    expect(await db.metadata.deletions.due(registry, 0, 10)).toEqual(['first'])
    expect(await blobs.unknownLocations(registry, [known.location])).toEqual([])
    // Who read the earlier bytes and comes late must not condemn the new ones.
    expect(await blobs.mark(registry, known, 'damaged')).toBe(false)
  })

  test('can turn out to be sound', async () => {
    const registry = await testRegistry(db.metadata)
    const repository = await ensureRepository(db.metadata, registry, 'app')
    const known = { digest: blob('sound').digest, size: 5, location: 'here' as Location }
    await blobs.add(repository, known)
    expect(await blobs.mark(registry, known, 'sound')).toBe(false)
    await blobs.mark(registry, known, 'damaged')
    expect(await blobs.mark(registry, known, 'sound')).toBe(true)
    expect(await blobs.find(repository, known.digest)).toEqual(known)
  })

  test('is not mounted, and missing for a manifest that names it', async () => {
    const registry = await testRegistry(db.metadata)
    const repository = await ensureRepository(db.metadata, registry, 'app')
    const other = await ensureRepository(db.metadata, registry, 'other')
    const pushed = image('names a damaged blob')
    await linkBlobs(db.metadata, repository, pushed.blobs)
    const damaged = pushed.blobs[1]!
    const { location } = (await blobs.find(repository, damaged.digest))!
    await blobs.mark(registry, { digest: damaged.digest, size: 1, location }, 'damaged')
    expect(await blobs.mount(repository, other, damaged.digest)).toBe(false)
    expect((await manifests.missing(repository, pushed.manifest.manifest)).map(({ digest }) => digest)).toEqual([damaged.digest])
  })

  test('that many push at once gets the bytes of one of them', async () => {
    const registry = await testRegistry(db.metadata)
    const repository = await ensureRepository(db.metadata, registry, 'app')
    for (let round = 0; round < 10; round++) {
      const known = { digest: blob(`raced ${round}`).digest, size: 1, location: `old ${round}` as Location }
      await blobs.add(repository, known)
      await blobs.mark(registry, known, 'damaged')
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          db.metadata.transaction(async (facts) => {
            await facts.repositories.ensure(repository)
            return await facts.blobs.add(repository, { ...known, location: `new ${round} ${n}` as Location })
          }),
        ),
      )
      expect(new Set(answers.map(({ location }) => location)).size).toBe(1)
      expect(await blobs.find(repository, known.digest)).toEqual(answers[0])
      expect(answers[0]!.location).toMatch(/^new /)
    }
    expect((await db.metadata.deletions.due(registry, 0, 100)).length).toBe(10)
  })

  test('tells who is affected', async () => {
    const registry = await testRegistry(db.metadata)
    const repository = await ensureRepository(db.metadata, registry, 'app')
    const pushed = image('affected')
    await linkBlobs(db.metadata, repository, pushed.blobs)
    await linkBlobs(db.metadata, await ensureRepository(db.metadata, registry, 'linked'), [pushed.blobs[0]!])
    await putManifest(db.metadata, repository, pushed.manifest, ['v1', 'v2'])
    const users = await consistency.users(registry, pushed.blobs[0]!.digest, 10)
    expect(users.toSorted((a, b) => (a.repository < b.repository ? -1 : 1))).toEqual([
      { repository: 'app', manifest: pushed.manifest.digest, tags: ['v1', 'v2'] },
      { repository: 'linked', tags: [] },
    ])
  })
})

test('blobs are walked page by page, with whether anybody links them', async () => {
  const registry = await testRegistry(db.metadata)
  const repository = await ensureRepository(db.metadata, registry, 'app')
  const contents = Array.from({ length: 7 }, (_, n) => blob(`walked ${n}`))
  await linkBlobs(db.metadata, repository, contents)
  const lost = contents[3]!.digest
  await break_(`DELETE FROM repository_blobs WHERE registry_id = ${registry.id} AND encode(digest, 'hex') = '01${lost.slice(7)}'`)
  const seen = []
  for (let page = await consistency.blobs(registry, undefined, 3); page.length > 0;) {
    expect(page.length).toBeLessThanOrEqual(3)
    seen.push(...page)
    page = await consistency.blobs(registry, page.at(-1)!.digest, 3)
  }
  expect(seen.map(({ digest }) => digest)).toEqual(contents.map(({ digest }) => digest).sort())
  expect(seen.filter(({ linked }) => !linked).map(({ digest }) => digest)).toEqual([lost])
  expect(await consistency.blob(registry, lost)).toMatchObject({ digest: lost })
})

test('manifests are walked with all that the facts know of them', async () => {
  const registry = await testRegistry(db.metadata)
  const repository = await ensureRepository(db.metadata, registry, 'app')
  const pushed = image('walked')
  const list = index([pushed.manifest])
  const signature = artifact({ artifactType: 'a/b', subject: pushed.manifest.descriptor })
  await linkBlobs(db.metadata, repository, [...pushed.blobs, emptyConfig])
  for (const document of [pushed.manifest, list, signature]) await putManifest(db.metadata, repository, document)
  await break_(`
    DELETE FROM repository_blobs WHERE registry_id = ${registry.id} AND encode(digest, 'hex') = '01${pushed.blobs[1]!.digest.slice(7)}';
    DELETE FROM manifests WHERE registry_id = ${registry.id} AND encode(digest, 'hex') = '01${pushed.manifest.digest.slice(7)}'`)
  await putManifest(db.metadata, await ensureRepository(db.metadata, registry, 'second'), list).catch(() => undefined)
  const seen = []
  for (let page = await consistency.manifests(registry, undefined, 1); page.length > 0;) {
    seen.push(...page)
    page = await consistency.manifests(registry, page.at(-1)!.key, 1)
  }
  expect(seen.map(({ digest }) => digest)).toEqual([list.digest, signature.digest].sort())
  expect(seen.find(({ digest }) => digest === list.digest)).toMatchObject({
    repository: 'app',
    payload: list.bytes,
    manifests: [pushed.manifest.digest],
    absentManifests: [pushed.manifest.digest],
    subject: undefined,
    listed: false,
  })
  expect(seen.find(({ digest }) => digest === signature.digest)).toMatchObject({
    blobs: [emptyConfig.digest],
    absentBlobs: [],
    subject: pushed.manifest.digest,
    listed: true,
  })
})

test('a page of manifests ends when its payloads come to some MiB', async () => {
  const registry = await testRegistry(db.metadata)
  const repository = await ensureRepository(db.metadata, registry, 'app')
  for (let n = 0; n < 5; n++) {
    await putManifest(db.metadata, repository, index([], { annotations: { n: String(n), filler: 'x'.repeat(3_900_000) } }))
  }
  const page = await consistency.manifests(registry, undefined, 100)
  expect(page.length).toBe(3)
  expect((await consistency.manifests(registry, page.at(-1)!.key, 100)).length).toBe(2)
})

test('tags that name no manifest are told, page by page', async () => {
  const registry = await testRegistry(db.metadata)
  const repository = await ensureRepository(db.metadata, registry, 'app')
  const [kept, lost] = [index([], { annotations: { is: 'kept' } }), index([], { annotations: { is: 'lost' } })]
  await putManifest(db.metadata, repository, kept, ['a', 'c', 'e'])
  await putManifest(db.metadata, repository, lost, ['b', 'd'])
  await break_(`DELETE FROM manifests WHERE registry_id = ${registry.id} AND encode(digest, 'hex') = '01${lost.digest.slice(7)}'`)
  const first = await consistency.tags(registry, undefined, 2)
  expect(first).toMatchObject({ count: 2, last: { tag: 'b' }, broken: [{ repository: 'app', tag: 'b', digest: lost.digest }] })
  const second = await consistency.tags(registry, first.last, 10)
  expect(second).toMatchObject({ count: 3, last: { tag: 'e' }, broken: [{ tag: tag('d') }] })
  expect(await consistency.tags(registry, second.last, 10)).toEqual({ count: 0, last: undefined, broken: [] })
})
