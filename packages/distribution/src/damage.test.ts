import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Unavailable } from '@roadstead/oci/errors.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import { blob, image } from '@roadstead/testing/contents.ts'
import type { Content } from '@roadstead/testing/contents.ts'
import { repositoryIn } from '@roadstead/testing/registries.ts'
import { mountBlob } from './mount.ts'
import { findBlob, readBlob, statBlob } from './pull.ts'
import { sweepDeleted } from './sweep-deleted.ts'
import { damages, storeContent } from './testing/stored-content.ts'
import type { StoredContent } from './testing/stored-content.ts'

let content: StoredContent
let repository: Repository

beforeAll(async () => {
  content = await storeContent()
})
afterAll(() => content.close())
beforeEach(async () => {
  repository = repositoryIn(await content.registry(), 'team/app')
})

async function read(digest: Content['digest']): Promise<Buffer> {
  const bytes = await readBlob(content.ports, repository, await findBlob(content.ports, repository, digest), undefined)
  return Buffer.isBuffer(bytes) ? bytes : buffer(bytes)
}

const sizes = { small: blob('a small blob'), large: blob(Buffer.alloc(2_000_000, 'a large blob')) }

describe.each(Object.entries(sizes))('a %s blob whose file was', (_size, stored) => {
  test.each(Object.entries(damages))('%s is never given out, and a push repairs it', async (_name, { work }) => {
    await content.upload(repository, stored)
    const before = await content.fileOf(repository, stored)
    expect((await read(stored.digest)).equals(stored.bytes)).toBe(true)
    await work(before)

    // As long as nobody looked, nobody knows.
    expect(await statBlob(content.ports, repository, stored.digest)).toMatchObject({ digest: stored.digest })
    const told = content.background.length
    await expect(read(stored.digest)).rejects.toThrow(Unavailable)
    expect(content.background.slice(told)).toMatchObject([{ message: expect.stringContaining(stored.digest) }])
    await expect(read(stored.digest)).rejects.toThrow(Unavailable)
    expect(content.background.length).toBe(told + 1)
    // Whoever wants to push it hears that it is not there.
    await expect(statBlob(content.ports, repository, stored.digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' })

    await content.upload(repository, stored)
    expect((await read(stored.digest)).equals(stored.bytes)).toBe(true)
    expect(await statBlob(content.ports, repository, stored.digest)).not.toHaveProperty('damaged')
    const after = await content.fileOf(repository, stored)
    expect(after).not.toBe(before)
    expect(await sweepDeleted(content.ports, 0)).toBe(1)
    await expect(readFile(before)).rejects.toMatchObject({ code: 'ENOENT' })
    expect((await readFile(after)).equals(stored.bytes)).toBe(true)
  })
})

test('a reader of a wrong blob never gets its last piece', async () => {
  await content.upload(repository, sizes.large)
  await damages['of one other bit'].work(await content.fileOf(repository, sizes.large))
  const stream = (await readBlob(
    content.ports,
    repository,
    await findBlob(content.ports, repository, sizes.large.digest),
    undefined,
  )) as Readable
  let count = 0
  const reading = (async () => {
    for await (const chunk of stream) count += (chunk as Buffer).length
  })()
  await expect(reading).rejects.toThrow(Unavailable)
  expect(count).toBeLessThan(sizes.large.bytes.length)
})

test('a reader of a part gets it, also of a large blob', async () => {
  await content.upload(repository, sizes.large)
  const found = await findBlob(content.ports, repository, sizes.large.digest)
  const part = await readBlob(content.ports, repository, found, { first: 1_000_000, last: 1_000_009 })
  expect((await buffer(part as Readable)).equals(sizes.large.bytes.subarray(1_000_000, 1_000_010))).toBe(true)
})

test('bytes that were wrong once on the way do not cost the blob its good name', async () => {
  await content.upload(repository, sizes.small)
  let first = true
  const store = {
    ...content.store,
    async read(...parameters: Parameters<StoredContent['store']['read']>) {
      const bytes = await content.store.read(...parameters)
      if (!first) return bytes
      first = false
      return undefined
    },
  }
  const ports = { ...content.ports, blobStore: () => store }
  expect(await readBlob(ports, repository, await findBlob(ports, repository, sizes.small.digest), undefined)).toEqual(sizes.small.bytes)
  expect(await statBlob(ports, repository, sizes.small.digest)).toBeDefined()
})

test('a push of bytes that are gone without anybody knowing brings them back', async () => {
  await content.upload(repository, sizes.small)
  await damages['taken away'].work(await content.fileOf(repository, sizes.small))
  await content.upload(repository, sizes.small)
  expect((await read(sizes.small.digest)).equals(sizes.small.bytes)).toBe(true)
})

test('a damaged blob is not mounted, and keeps a manifest from being pushed', async () => {
  const pushed = image('with a damaged blob')
  for (const each of pushed.blobs) await content.upload(repository, each)
  await damages['taken away'].work(await content.fileOf(repository, pushed.blobs[1]!))
  await expect(read(pushed.blobs[1]!.digest)).rejects.toThrow(Unavailable)
  const other = repositoryIn(repository.registry, 'other')
  expect(await mountBlob(content.ports, repository, other, pushed.blobs[1]!.digest)).toBe(false)
  await expect(content.push(repository, pushed.manifest, 'v1')).rejects.toMatchObject({ code: 'MANIFEST_BLOB_UNKNOWN' })
  await content.upload(repository, pushed.blobs[1]!)
  await content.push(repository, pushed.manifest, 'v1')
})
