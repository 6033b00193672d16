import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { Registry, Repository } from '@roadstead/oci/registry.ts'
import { blob } from '@roadstead/testing/contents.ts'
import { repositoryIn } from '@roadstead/testing/registries.ts'
import type { BlobStore } from './blob-store.ts'
import { findBlob, readBlob } from './pull.ts'
import { removeBlob } from './remove.ts'
import { sweepDeleted } from './sweep-deleted.ts'
import { orphanAge, sweepOrphans } from './sweep.ts'
import { all, storeContent } from './testing/stored-content.ts'
import type { StoredContent } from './testing/stored-content.ts'

let content: StoredContent
let registry: Registry
let repository: Repository

beforeAll(async () => {
  content = await storeContent()
})
afterAll(() => content.close())
beforeEach(async () => {
  registry = await content.registry()
  repository = repositoryIn(registry, 'team/app')
})

const day = 24 * 3_600_000
const removed = blob('removed')

async function stored(of = registry): Promise<number> {
  return (await all(content.store.list(of.id))).length
}

test('bytes of a removed blob stay for as long as a backup may need them, however old they are', async () => {
  await content.upload(repository, removed)
  content.advance(2 * orphanAge)
  await removeBlob(content.ports, repository, removed.digest)
  await expect(findBlob(content.ports, repository, removed.digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })
  expect(await sweepOrphans(content.ports)).toBe(0)
  expect(await sweepDeleted(content.ports, day)).toBe(0)
  expect(await stored()).toBe(1)
  expect(await sweepDeleted(content.ports, 0)).toBe(1)
  expect(await stored()).toBe(0)
  expect(await sweepDeleted(content.ports, 0)).toBe(0)
  content.advance(-2 * orphanAge)
})

test('a new push of the same content has bytes of its own', async () => {
  await content.upload(repository, removed)
  await removeBlob(content.ports, repository, removed.digest)
  await content.upload(repository, removed)
  expect(await stored()).toBe(2)
  expect(await sweepDeleted(content.ports, 0)).toBe(1)
  const found = await findBlob(content.ports, repository, removed.digest)
  expect(await readBlob(content.ports, repository, found, undefined)).toEqual(removed.bytes)
})

test('many are removed, in every registry; where the storage is away they are tried again', async () => {
  const other = await content.registry()
  for (let n = 0; n < 3; n++) {
    for (const each of [repository, repositoryIn(other, 'app')]) {
      await content.upload(each, blob(`many ${n}`))
      await removeBlob(content.ports, each, blob(`many ${n}`).digest)
    }
  }
  const told = content.background.length
  const away: BlobStore = { ...content.store, delete: () => Promise.reject(new Error('away')) }
  const ports = { ...content.ports, blobStore: ({ id }: Registry) => (id === registry.id ? away : content.store) }
  expect(await sweepDeleted(ports, 0)).toBe(3)
  expect(content.background.slice(told)).toEqual([new Error('away')])
  expect([await stored(), await stored(other)]).toEqual([3, 0])
  expect(await sweepDeleted(content.ports, 0)).toBe(3)
  expect(await stored()).toBe(0)
})
