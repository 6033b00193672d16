import { afterAll, expect, test } from '@jest/globals'
import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { StoredBlob } from '@roadstead/distribution/metadata.ts'
import { blob, digestOf } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import { ensureRepository, repositoryIn, testRegistry } from '@roadstead/testing/registries.ts'

const db = await testDatabase()
const { blobs } = db.metadata
const registry = await testRegistry(db.metadata)
afterAll(() => db.close())

const at = (text: string): Location => text as Location
const stored = (seed: string, location = `first of ${seed}`): StoredBlob => ({
  digest: blob(seed).digest,
  size: seed.length,
  location: at(location),
})

test('is found where it is linked, and nowhere else', async () => {
  const repository = await ensureRepository(db.metadata, registry, 'found')
  const other = await ensureRepository(db.metadata, registry, 'found/not')
  expect(await blobs.find(repository, stored('found').digest)).toBeUndefined()
  expect(await blobs.add(repository, stored('found'))).toEqual(stored('found'))
  expect(await blobs.find(repository, stored('found').digest)).toEqual(stored('found'))
  expect(await blobs.find(other, stored('found').digest)).toBeUndefined()
  expect(await blobs.find(repositoryIn(registry, 'absent'), stored('found').digest)).toBeUndefined()
})

test('the location of a digest that is there already stays, for every repository; adding may be repeated', async () => {
  const repository = await ensureRepository(db.metadata, registry, 'stays')
  const other = await ensureRepository(db.metadata, registry, 'stays/too')
  await blobs.add(repository, stored('stays'))
  expect(await blobs.add(repository, stored('stays', 'second'))).toEqual(stored('stays'))
  expect(await blobs.add(other, stored('stays', 'third'))).toEqual(stored('stays'))
  expect(await blobs.add(other, stored('stays'))).toEqual(stored('stays'))
  expect(await blobs.find(other, stored('stays').digest)).toEqual(stored('stays'))
})

test('a sha512 digest and a size beyond 32 bits come back as they went', async () => {
  const repository = await ensureRepository(db.metadata, registry, 'large')
  const large = { digest: digestOf(Buffer.from('large'), 'sha512'), size: 2 ** 41, location: at('large') }
  await blobs.add(repository, large)
  expect(await blobs.find(repository, large.digest)).toEqual(large)
})

test('cannot be added or mounted to a repository that does not exist', async () => {
  const repository = await ensureRepository(db.metadata, registry, 'is')
  await blobs.add(repository, stored('is'))
  await expect(blobs.add(repositoryIn(registry, 'is/not'), stored('is not'))).rejects.toThrow('no repository is/not')
  await expect(blobs.mount(repository, repositoryIn(registry, 'is/not'), stored('is').digest)).rejects.toThrow('no repository is/not')
  expect(await blobs.unknownLocations(registry, [stored('is not').location])).toEqual([stored('is not').location])
})

test('is mounted from where it is linked only', async () => {
  const source = await ensureRepository(db.metadata, registry, 'source')
  const target = await ensureRepository(db.metadata, registry, 'target')
  const third = await ensureRepository(db.metadata, registry, 'third')
  await blobs.add(source, stored('mounted'))
  expect(await blobs.mount(third, target, stored('mounted').digest)).toBe(false)
  expect(await blobs.mount(repositoryIn(registry, 'absent'), target, stored('mounted').digest)).toBe(false)
  expect(await blobs.find(target, stored('mounted').digest)).toBeUndefined()
  expect(await blobs.mount(source, target, stored('mounted').digest)).toBe(true)
  expect(await blobs.mount(source, target, stored('mounted').digest)).toBe(true)
  expect(await blobs.mount(source, source, stored('mounted').digest)).toBe(true)
  expect(await blobs.find(target, stored('mounted').digest)).toEqual(stored('mounted'))
})

test('is forgotten with its last link, and the location told then', async () => {
  const first = await ensureRepository(db.metadata, registry, 'first')
  const second = await ensureRepository(db.metadata, registry, 'second')
  await blobs.add(first, stored('linked twice'))
  await blobs.mount(first, second, stored('linked twice').digest)
  expect(await blobs.unlink(first, stored('linked twice').digest)).toEqual({})
  expect(await blobs.unlink(first, stored('linked twice').digest)).toBe('absent')
  expect(await blobs.find(second, stored('linked twice').digest)).toEqual(stored('linked twice'))
  expect(await blobs.unlink(second, stored('linked twice').digest)).toEqual({ location: stored('linked twice').location })
  expect(await blobs.unlink(second, stored('linked twice').digest)).toBe('absent')
  expect(await blobs.add(first, stored('linked twice', 'anew'))).toEqual(stored('linked twice', 'anew'))
})

test('tells which locations nobody names', async () => {
  const repository = await ensureRepository(db.metadata, registry, 'locations')
  await blobs.add(repository, stored('known location'))
  const locations = [at('unknown'), stored('known location').location, at('unknown too')]
  expect(await blobs.unknownLocations(registry, locations)).toEqual(['unknown', 'unknown too'])
  expect(await blobs.unknownLocations(registry, [])).toEqual([])
})
