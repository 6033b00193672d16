import { afterAll, expect, test } from '@jest/globals'
import { descriptorLimit } from '@roadstead/oci/manifest.ts'
import type { Reference } from '@roadstead/oci/reference.ts'
import { blob, config, dockerManifest, image, index, manifest } from '@roadstead/testing/contents.ts'
import type { Document } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import { linkBlobs, putManifest, tag } from '@roadstead/testing/pushes.ts'
import { ensureRepository, repositoryIn, testRegistry } from '@roadstead/testing/registries.ts'
import { sql } from './sql.ts'

const db = await testDatabase()
const { manifests, blobs, tags } = db.metadata
const registry = await testRegistry(db.metadata)
afterAll(() => db.close())

const byTag = (text: string): Reference => ({ kind: 'tag', tag: tag(text) })
const byDigest = ({ digest }: Document): Reference => ({ kind: 'digest', digest })
const shown = ({ digest, mediaType, bytes }: Document) => ({ digest, mediaType, size: bytes.length })

async function pushed(name: string, seed = name) {
  const repository = repositoryIn(registry, name)
  const content = image(seed)
  await linkBlobs(db.metadata, repository, content.blobs)
  await putManifest(db.metadata, repository, content.manifest, ['latest'])
  return { repository, ...content }
}

test('is found by tag and by digest, byte for byte, with and without its bytes', async () => {
  const { repository, manifest: document } = await pushed('found')
  for (const reference of [byTag('latest'), byDigest(document)]) {
    expect(await manifests.find(repository, reference)).toEqual({ ...shown(document), payload: document.bytes })
    expect(await manifests.stat(repository, reference)).toEqual(shown(document))
  }
  expect(await manifests.find(repository, byTag('other'))).toBeUndefined()
  expect(await manifests.stat(repository, byDigest(image('other').manifest))).toBeUndefined()
  expect(await manifests.find(repositoryIn(registry, 'absent'), byTag('latest'))).toBeUndefined()
})

test('many that are asked for at once each get their own', async () => {
  const all = await Promise.all(['many/a', 'many/b', 'many/c'].map((name) => pushed(name)))
  const asked = all.flatMap(({ repository, manifest: document }) => [
    manifests.find(repository, byTag('latest')),
    manifests.find(repository, byTag('absent')),
    manifests.find(repository, byDigest(document)),
  ])
  const digests = (await Promise.all(asked)).map((fact) => fact?.digest)
  expect(digests).toEqual(all.flatMap(({ manifest: { digest } }) => [digest, undefined, digest]))
})

test('bytes of every value and of four megabytes come back as they went', async () => {
  const repository = await ensureRepository(db.metadata, registry, 'bytes')
  const document = index([])
  const payload = Buffer.alloc(4 * 1024 * 1024, Buffer.from(Array.from({ length: 256 }, (_, n) => n)))
  await manifests.insert(repository, document.digest, document.manifest, payload)
  expect((await manifests.find(repository, byDigest(document)))?.payload.equals(payload)).toBe(true)
})

test('tells what a manifest names and the repository lacks', async () => {
  const { repository, manifest: child, blobs: linked } = await pushed('lacks')
  const absent = blob('absent')
  const wanting = manifest({ config: linked[0]!, layers: [absent, linked[1]!] })
  expect(await manifests.missing(repository, wanting.manifest)).toEqual([absent.descriptor])
  const other = image('not pushed').manifest
  expect(await manifests.missing(repository, index([child, other]).manifest)).toMatchObject([{ digest: other.digest }])
  expect(await manifests.missing(repositoryIn(registry, 'absent'), child.manifest)).toHaveLength(2)
  expect(await manifests.missing(repository, index([]).manifest)).toEqual([])
})

test('is stored once; again changes nothing', async () => {
  const { repository, manifest: document } = await pushed('once')
  expect(await manifests.insert(repository, document.digest, document.manifest, document.bytes)).toBe(false)
  expect(await manifests.find(repository, byDigest(document))).toMatchObject({ payload: document.bytes })
  await expect(manifests.insert(repositoryIn(registry, 'never'), document.digest, document.manifest, document.bytes)).rejects.toThrow(
    'no repository never',
  )
})

test('cannot be stored without what it names, so the database itself keeps it whole', async () => {
  const repository = await ensureRepository(db.metadata, registry, 'whole')
  const { manifest: document } = image('whole')
  await expect(manifests.insert(repository, document.digest, document.manifest, document.bytes)).rejects.toMatchObject({ code: '23503' })
  const list = index([document])
  await expect(manifests.insert(repository, list.digest, list.manifest, list.bytes)).rejects.toMatchObject({ code: '23503' })
})

test('ten thousand descriptors are stored and removed', async () => {
  const repository = await ensureRepository(db.metadata, registry, 'large')
  const layers = Array.from({ length: descriptorLimit }, (_, n) => blob(`large ${n}`))
  const settings = config('large')
  await linkBlobs(db.metadata, repository, [settings])
  await db.database.query(sql`/* test.blobs */
    WITH b AS (
      INSERT INTO blobs (registry_id, digest, size, location)
      SELECT ${registry.id}::bigint, '\\x01'::bytea || sha256(('large ' || n)::bytea), n, 'large ' || n FROM generate_series(0, 9999) n RETURNING digest
    )
    INSERT INTO repository_blobs (registry_id, repository_id, digest)
    SELECT r.registry_id, r.id, b.digest FROM b, repositories r WHERE r.registry_id = ${registry.id} AND r.name = 'large'`)
  const document = manifest({ config: settings, layers })
  expect(await manifests.missing(repository, document.manifest)).toEqual([])
  expect(await manifests.insert(repository, document.digest, document.manifest, document.bytes)).toBe(true)
  expect(await blobs.unlink(repository, layers[9999]!.digest)).toBe('referenced')
  expect(await manifests.delete(repository, document.digest)).toEqual({ tags: [] })
  expect(await blobs.unlink(repository, layers[9999]!.digest)).toMatchObject({ location: 'large 9999' })
})

test('is removed with its tags, and what it named may go then', async () => {
  const { repository, manifest: document, blobs: linked } = await pushed('removed')
  await tags.move(repository, [tag('v1'), tag('V1')], document.digest)
  expect(await blobs.unlink(repository, linked[0]!.digest)).toBe('referenced')
  expect(await manifests.delete(repository, document.digest)).toEqual({ tags: ['V1', 'latest', 'v1'] })
  expect(await manifests.delete(repository, document.digest)).toBe('absent')
  expect(await manifests.find(repository, byTag('latest'))).toBeUndefined()
  expect(await tags.list(repository, '', 10)).toEqual([])
  expect(await blobs.unlink(repository, linked[0]!.digest)).toMatchObject({ location: expect.any(String) })
})

test('cannot be removed while an index names it, and the transaction goes on', async () => {
  const { repository, manifest: child } = await pushed('child')
  const list = index([child])
  await putManifest(db.metadata, repository, list, ['list'])
  await db.metadata.transaction(async (facts) => {
    expect(await facts.manifests.delete(repository, child.digest)).toBe('referenced')
    await facts.tags.move(repository, [tag('after')], child.digest)
  })
  expect(await tags.list(repository, '', 10)).toEqual(['after', 'latest', 'list'])
  expect(await manifests.delete(repository, list.digest)).toEqual({ tags: ['list'] })
  expect(await manifests.delete(repository, child.digest)).toEqual({ tags: ['after', 'latest'] })
})

test('a Docker manifest is one too', async () => {
  const repository = repositoryIn(registry, 'docker')
  const content = [config('docker'), blob('docker layer')]
  await linkBlobs(db.metadata, repository, content)
  const document = dockerManifest({ config: content[0]!, layers: content.slice(1) })
  await putManifest(db.metadata, repository, document, ['d'])
  expect(await manifests.stat(repository, byTag('d'))).toEqual(shown(document))
})
