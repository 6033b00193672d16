import { afterAll, expect, test } from '@jest/globals'
import type { Location } from '@roadstead/distribution/blob-store.ts'
import { blob } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import { ensureRepository, testRegistry } from '@roadstead/testing/registries.ts'

const db = await testDatabase()
const { blobs, deletions } = db.metadata
afterAll(() => db.close())

test('bytes of a deleted blob wait, are told when their time has come, and are forgotten', async () => {
  const registry = await testRegistry(db.metadata)
  const repository = await ensureRepository(db.metadata, registry, 'app')
  const stored = ['a', 'b', 'c'].map((seed) => ({ digest: blob(seed).digest, size: 1, location: `at ${seed}` as Location }))
  for (const each of stored) await blobs.add(repository, each)
  for (const each of stored.slice(0, 2)) await blobs.unlink(repository, each.digest)
  const waiting = stored.slice(0, 2).map(({ location }) => location)
  expect(await deletions.due(registry, 3_600_000, 10)).toEqual([])
  expect(await deletions.registries(3_600_000, undefined, 10)).toEqual([])
  expect((await deletions.due(registry, 0, 10)).toSorted()).toEqual(waiting)
  expect(await deletions.registries(0, undefined, 10)).toEqual([registry])
  expect(await deletions.registries(0, registry.id, 10)).toEqual([])
  // What waits here is the affair of nobody else.
  expect(await blobs.unknownLocations(registry, [...waiting, 'elsewhere' as Location])).toEqual(['elsewhere'])
  await deletions.forget(registry, waiting)
  expect(await deletions.registries(0, undefined, 10)).toEqual([])
  expect(await blobs.unknownLocations(registry, waiting)).toEqual(waiting)
})

test('bytes that a row names are never told, whatever was noted', async () => {
  const registry = await testRegistry(db.metadata)
  const repository = await ensureRepository(db.metadata, registry, 'app')
  const stored = { digest: blob('again').digest, size: 1, location: 'used twice' as Location }
  await blobs.add(repository, stored)
  await blobs.unlink(repository, stored.digest)
  await blobs.add(repository, stored)
  expect(await deletions.due(registry, 0, 10)).toEqual([])
})

test('a removal that is rolled back leaves the bytes alone', async () => {
  const registry = await testRegistry(db.metadata)
  const repository = await ensureRepository(db.metadata, registry, 'app')
  const stored = { digest: blob('kept').digest, size: 1, location: 'kept' as Location }
  await blobs.add(repository, stored)
  const failing = db.metadata.transaction(async (facts) => {
    await facts.blobs.unlink(repository, stored.digest)
    throw new Error('undo')
  })
  await expect(failing).rejects.toThrow('undo')
  expect(await deletions.due(registry, 0, 10)).toEqual([])
})
