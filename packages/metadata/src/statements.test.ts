import { afterAll, beforeEach, expect, test } from '@jest/globals'
import { image, index } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import { linkBlobs, putManifest, tag } from '@roadstead/testing/pushes.ts'
import { repositoryIn, testRegistry } from '@roadstead/testing/registries.ts'

const db = await testDatabase()
const { metadata } = db
const registry = await testRegistry(metadata)
const repository = repositoryIn(registry, 'app')
const { manifest, blobs } = image('statements')
await linkBlobs(metadata, repository, blobs)
await putManifest(metadata, repository, manifest, ['latest'])
afterAll(() => db.close())
beforeEach(() => void db.statements())

const byTag = { kind: 'tag', tag: tag('latest') } as const

test('a pull by tag is one statement', async () => {
  await metadata.manifests.find(repository, byTag)
  expect(db.statements()).toEqual(['manifests.find'])
})

test('a thousand pulls at once are a handful of statements', async () => {
  const facts = await Promise.all(Array.from({ length: 1000 }, () => metadata.manifests.find(repository, byTag)))
  expect(facts.every((fact) => fact?.digest === manifest.digest)).toBe(true)
  expect(db.statements().length).toBeLessThanOrEqual(2)
})

test('a thousand different blobs at once are few statements', async () => {
  await Promise.all(
    Array.from({ length: 1000 }, (_, n) => metadata.blobs.find(repository, index([], { annotations: { n: `${n}` } }).digest)),
  )
  expect(db.statements().length).toBeLessThanOrEqual(5)
})

test('each function is one statement', async () => {
  await metadata.registries.find(registry.label)
  await metadata.blobs.find(repository, blobs[0]!.digest)
  await metadata.manifests.stat(repository, byTag)
  await metadata.manifests.missing(repository, manifest.manifest)
  await metadata.manifests.insert(repository, manifest.digest, manifest.manifest, manifest.bytes)
  await metadata.tags.move(repository, [tag('a'), tag('b'), tag('c')], manifest.digest)
  await metadata.tags.list(repository, '', 10)
  await metadata.referrers.list(repository, manifest.digest, undefined, undefined, 10)
  expect(db.statements()).toEqual([
    'registries.find',
    'blobs.find',
    'manifests.stat',
    'manifests.missing blobs',
    'manifests.insert',
    'tags.move',
    'tags.list',
    'referrers.list',
  ])
})

test('what a transaction wrote is seen by its own reads, and by others only afterwards', async () => {
  const next = index([], { annotations: { next: 'yes' } })
  await metadata.transaction(async (facts) => {
    await facts.manifests.insert(repository, next.digest, next.manifest, next.bytes)
    await facts.tags.move(repository, [byTag.tag], next.digest)
    expect(await facts.manifests.stat(repository, byTag)).toMatchObject({ digest: next.digest })
    expect(await metadata.manifests.stat(repository, byTag)).toMatchObject({ digest: manifest.digest })
    await facts.transaction((inner) => inner.tags.move(repository, [tag('inner')], next.digest))
  })
  expect(await metadata.manifests.stat(repository, byTag)).toMatchObject({ digest: next.digest })
  expect(await metadata.manifests.stat(repository, { kind: 'tag', tag: tag('inner') })).toBeDefined()
})

test('who asks after a commit sees it, however many ask', async () => {
  const documents = Array.from({ length: 20 }, (_, n) => index([], { annotations: { round: String(n) } }))
  const stop = { now: false }
  const crowd = Promise.all(
    Array.from({ length: 10 }, async () => {
      while (!stop.now) await metadata.manifests.stat(repository, byTag)
    }),
  )
  for (const document of documents) {
    await putManifest(metadata, repository, document, ['latest'])
    expect(await metadata.manifests.stat(repository, byTag)).toMatchObject({ digest: document.digest })
  }
  stop.now = true
  await crowd
})
