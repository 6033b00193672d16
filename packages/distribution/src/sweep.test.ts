import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createMemoryStore } from '@roadstead/blob-store/memory.ts'
import type { Registry, Repository } from '@roadstead/oci/registry.ts'
import { digestOf } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { repositoryIn, testRegistry } from '@roadstead/testing/registries.ts'
import { createInProcessSessions } from '@roadstead/upload-sessions/in-process.ts'
import type { BlobStore } from './blob-store.ts'
import type { Ports } from './ports.ts'
import { createRunningHashes } from './running-hashes.ts'
import { createSmallBlobs } from './small-blobs.ts'
import { sweepOrphans, sweepSessions } from './sweep.ts'
import { appendChunk, findUpload, finishUpload, openUpload, uploadWhole } from './upload.ts'
import type { UploadSession } from './upload-sessions.ts'

let database: TestDatabase
let store: BlobStore
let ports: Ports
let registry: Registry
let repository: Repository
let time: number
let background: unknown[]

beforeAll(async () => {
  database = await testDatabase()
})

afterAll(() => database.close())

beforeEach(async () => {
  time = Date.now()
  const now = (): Date => new Date(time)
  background = []
  store = createMemoryStore({ now })
  ports = {
    metadata: database.metadata,
    blobStore: () => store,
    sessions: createInProcessSessions({ now }),
    hashes: createRunningHashes(),
    smallBlobs: createSmallBlobs(0),
    now,
    newId: randomUUID,
    onBackgroundError: (error) => background.push(error),
  }
  registry = await testRegistry(database.metadata)
  repository = repositoryIn(registry, 'team/app')
})

const hour = 60 * 60 * 1000
const bytes = Buffer.from('bytes of a blob')
const source = (): Readable => Readable.from([bytes])

async function begun(): Promise<UploadSession> {
  return appendChunk(ports, repository, await openUpload(ports, repository, 'somebody', 'sha256'), { bytes: source(), start: undefined })
}

async function stored(of = registry): Promise<number> {
  let count = 0
  for await (const _ of store.list(of.id)) count += 1
  return count
}

describe('sessions', () => {
  test('whose time is up end with their bytes; the others go on', async () => {
    await begun()
    await begun()
    time += 23 * hour
    const young = await begun()
    time += 2 * hour
    expect(await sweepSessions(ports)).toBe(2)
    expect(await stored()).toBe(1)
    expect(await findUpload(ports, repository, young.id, 'somebody')).toMatchObject({ staged: { offset: bytes.length } })
    expect(await sweepSessions(ports)).toBe(0)
  })

  test('that were finished leave their blob alone', async () => {
    await finishUpload(ports, repository, await begun(), digestOf(bytes), undefined)
    time += 25 * hour
    expect(await sweepSessions(ports)).toBe(1)
    expect(await stored()).toBe(1)
    expect(await database.metadata.blobs.find(repository, digestOf(bytes))).toBeDefined()
  })

  test('whose bytes cannot be freed now are tried again', async () => {
    const [stuck, free] = [await begun(), await begun()]
    time += 25 * hour
    const failing: BlobStore = {
      ...store,
      abort: (upload) => (upload.location === stuck.staged.location ? Promise.reject(new Error('away')) : store.abort(upload)),
    }
    expect(await sweepSessions({ ...ports, blobStore: () => failing })).toBe(1)
    expect(background).toEqual([new Error('away')])
    expect(await stored()).toBe(1)
    expect(await sweepSessions(ports)).toBe(1)
    expect(await stored()).toBe(0)
    expect(free.id).not.toBe(stuck.id)
  })

  test('of a registry that is gone end as well', async () => {
    const session = await begun()
    await ports.sessions.create({ ...session, id: randomUUID(), registry: 2_000_000_000 as typeof session.registry })
    time += 25 * hour
    expect(await sweepSessions(ports)).toBe(2)
    expect(await ports.sessions.expired(ports.now(), 10)).toEqual([])
  })

  test('in larger numbers than one batch all end', async () => {
    for (let count = 0; count < 230; count += 1) await openUpload(ports, repository, 'somebody', 'sha256')
    time += 25 * hour
    expect(await sweepSessions(ports)).toBe(230)
  })
})

describe('bytes that no row names', () => {
  test('are removed once they are old, in every registry; blobs stay', async () => {
    const other = await testRegistry(database.metadata)
    for (const each of [registry, other]) await uploadWhole(ports, repositoryIn(each, 'team/app'), digestOf(bytes), source())
    for (const each of [registry, other]) await store.append(await store.begin(each.id), source())
    time += 49 * hour
    await begun()
    expect(await sweepOrphans(ports)).toBe(2)
    expect([await stored(), await stored(other)]).toEqual([2, 1])
    expect(await database.metadata.blobs.find(repository, digestOf(bytes))).toBeDefined()
  })

  test('are kept while an upload could still name them', async () => {
    await store.append(await store.begin(registry.id), source())
    time += 47 * hour
    expect(await sweepOrphans(ports)).toBe(0)
    expect(await stored()).toBe(1)
  })

  test('are removed elsewhere when the storage of one registry is away', async () => {
    await testRegistry(database.metadata)
    const last = await testRegistry(database.metadata)
    await store.append(await store.begin(last.id), source())
    time += 49 * hour
    const blobStore = ({ id }: Registry): BlobStore => {
      if (id === registry.id) throw new Error('away')
      return store
    }
    expect(await sweepOrphans({ ...ports, blobStore })).toBe(1)
    expect(background).toEqual([new Error('away')])
  })

  test('are left when the process stops', async () => {
    await store.append(await store.begin(registry.id), source())
    time += 49 * hour
    expect(await sweepOrphans(ports, AbortSignal.abort())).toBe(0)
    expect(await stored()).toBe(1)
  })
})
