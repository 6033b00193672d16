import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createMemoryStore } from '@roadstead/blob-store/memory.ts'
import { StorageFull, Unavailable } from '@roadstead/oci/errors.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import { blob, digestOf } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { repositoryIn, testRegistry } from '@roadstead/testing/registries.ts'
import { createInProcessSessions } from '@roadstead/upload-sessions/in-process.ts'
import type { BlobStore } from './blob-store.ts'
import type { Metadata } from './metadata.ts'
import type { Ports } from './ports.ts'
import { readBlob, statBlob } from './pull.ts'
import { createRunningHashes } from './running-hashes.ts'
import { createSmallBlobs } from './small-blobs.ts'
import { appendChunk, cancelUpload, findUpload, finishUpload, openUpload, uploadWhole } from './upload.ts'
import type { UploadSession } from './upload-sessions.ts'

let database: TestDatabase
let store: BlobStore
let ports: Ports
let repository: Repository
let background: unknown[]

beforeAll(async () => {
  database = await testDatabase()
})

afterAll(() => database.close())

beforeEach(async () => {
  const now = (): Date => new Date()
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
  repository = repositoryIn(await testRegistry(database.metadata), 'team/app')
})

const bytes = Buffer.from('the bytes of a blob, in two parts')
const digest = digestOf(bytes)
const source = (part: Buffer): Readable => Readable.from([part])

/** The store as it is, but the calls named here do something else. */
const storeWith = (changes: Partial<BlobStore>): Ports => ({ ...ports, blobStore: () => ({ ...store, ...changes }) })
const factsWith = (changes: Partial<Metadata>): Ports => ({ ...ports, metadata: { ...ports.metadata, ...changes } })

async function opened(first?: Buffer): Promise<UploadSession> {
  const session = await openUpload(ports, repository, 'somebody', 'sha256')
  return first === undefined ? session : appendChunk(ports, repository, session, { bytes: source(first), start: undefined })
}

const current = ({ id }: UploadSession): Promise<UploadSession> => findUpload(ports, repository, id, 'somebody')

async function readBack(): Promise<Buffer> {
  return (await readBlob(ports, repository, await statBlob(ports, repository, digest), undefined)) as Buffer
}

async function locations(): Promise<readonly string[]> {
  const all: string[] = []
  for await (const { location } of store.list(repository.registry.id)) all.push(location)
  return all
}

describe('a store that fails', () => {
  test('in the middle of a chunk: the session stands where it stood, and goes on', async () => {
    const session = await opened(bytes.subarray(0, 10))
    const failing = storeWith({ append: () => Promise.reject(new Unavailable('storage')) })
    await expect(appendChunk(failing, repository, session, { bytes: source(bytes.subarray(10)), start: 10 })).rejects.toThrow(Unavailable)
    const again = await appendChunk(ports, repository, await current(session), { bytes: source(bytes.subarray(10)), start: 10 })
    expect((await finishUpload(ports, repository, again, digest, undefined)).size).toBe(bytes.length)
    expect((await readBack()).equals(bytes)).toBe(true)
  })

  test('at the commit: nobody sees the blob, and the same request succeeds later', async () => {
    const session = await opened(bytes)
    const failing = storeWith({ commit: () => Promise.reject(new Unavailable('storage')) })
    await expect(finishUpload(failing, repository, session, digest, undefined)).rejects.toThrow(Unavailable)
    await expect(statBlob(ports, repository, digest)).rejects.toMatchObject({ code: 'NAME_UNKNOWN' })
    await finishUpload(ports, repository, await current(session), digest, undefined)
    expect((await readBack()).equals(bytes)).toBe(true)
  })

  test('for want of room: the upload is given up and its bytes are freed', async () => {
    const session = await opened(bytes.subarray(0, 10))
    const full = storeWith({ append: () => Promise.reject(new StorageFull()) })
    await expect(appendChunk(full, repository, session, { bytes: source(bytes.subarray(10)), start: 10 })).rejects.toThrow(StorageFull)
    await expect(current(session)).rejects.toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN' })
    expect(await locations()).toEqual([])
  })

  test('to give back bytes whose row is there: that is no absence', async () => {
    await uploadWhole(ports, repository, digest, source(bytes))
    await store.delete([(await statBlob(ports, repository, digest)).location])
    await expect(readBack()).rejects.toThrow(Unavailable)
  })
})

describe('a database that fails', () => {
  const lost = new Unavailable('database')

  test('before the row: the same request succeeds later, with the same bytes', async () => {
    const session = await opened(bytes)
    const failing = factsWith({ transaction: () => Promise.reject(lost) })
    await expect(finishUpload(failing, repository, session, digest, undefined)).rejects.toBe(lost)
    await finishUpload(ports, repository, await current(session), digest, undefined)
    expect((await readBack()).equals(bytes)).toBe(true)
    expect(await locations()).toHaveLength(1)
  })

  test.each(['finish', 'whole'] as const)('while the commit was on its way (%s): the bytes of a row that was written stay', async (how) => {
    const { transaction } = ports.metadata
    const unsure = factsWith({
      transaction: async (work) => {
        await transaction(work)
        throw lost
      },
    })
    const session = await opened(bytes)
    const attempt =
      how === 'finish'
        ? finishUpload(unsure, repository, session, digest, undefined)
        : uploadWhole(unsure, repository, digest, source(bytes))
    await expect(attempt).rejects.toBe(lost)
    expect((await readBack()).equals(bytes)).toBe(true)
    if (how === 'finish') {
      await cancelUpload(ports, repository, await current(session))
      expect((await readBack()).equals(bytes)).toBe(true)
    }
  })

  test('and stays away when the bytes of a failed upload should be discarded: they wait for the sweeper', async () => {
    const away = factsWith({ blobs: { ...ports.metadata.blobs, unknownLocations: () => Promise.reject(lost) } })
    await expect(uploadWhole(away, repository, blob('other').digest, source(bytes))).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
    expect(background).toEqual([lost])
    expect(await locations()).toHaveLength(1)
  })
})

describe('clients that race', () => {
  test('two uploads of one blob both succeed, and its bytes are kept once', async () => {
    const sessions = [await opened(bytes), await opened(bytes)]
    await Promise.all(sessions.map((session) => finishUpload(ports, repository, session, digest, undefined)))
    expect(await locations()).toHaveLength(1)
    expect((await readBack()).equals(bytes)).toBe(true)
  })

  test('a session cannot be cancelled, closed or continued while a request writes to it', async () => {
    const session = await opened()
    const slow = new Readable({ read: () => undefined })
    slow.push(bytes)
    const writing = appendChunk(ports, repository, session, { bytes: slow, start: 0 })
    const refused = { code: 'BLOB_UPLOAD_INVALID', reason: 'out of order' }
    await expect(cancelUpload(ports, repository, await current(session))).rejects.toMatchObject(refused)
    await expect(finishUpload(ports, repository, await current(session), digest, undefined)).rejects.toMatchObject(refused)
    await expect(appendChunk(ports, repository, session, { bytes: source(bytes), start: 0 })).rejects.toMatchObject(refused)
    slow.push(null)
    await finishUpload(ports, repository, await writing, digest, undefined)
    expect((await readBack()).equals(bytes)).toBe(true)
  })

  test('a claim whose holder died ends', async () => {
    const session = await opened(bytes)
    const claimed = { ...session, version: session.version + 1, writer: { id: 'dead', until: Date.now() + 1000 } }
    expect(await ports.sessions.advance(session, claimed)).toBe(true)
    await expect(finishUpload(ports, repository, claimed, digest, undefined)).rejects.toMatchObject({ reason: 'out of order' })
    const later = { ...ports, now: () => new Date(Date.now() + 2000) }
    expect((await finishUpload(later, repository, claimed, digest, undefined)).digest).toBe(digest)
  })
})

test('only bytes keep a session alive', async () => {
  const session = await opened(bytes.subarray(0, 10))
  const later = { ...ports, now: () => new Date(Date.now() + 60_000) }
  const untouched = await appendChunk(later, repository, session, { bytes: Readable.from([]), start: 10 })
  expect(untouched.expires).toBe(session.expires)
  const longer = await appendChunk(later, repository, untouched, { bytes: source(bytes.subarray(10)), start: 10 })
  expect(longer.expires).toBeGreaterThan(session.expires)
})

describe('what the process forgot', () => {
  test('an upload whose running hash is gone is read back before its row is written', async () => {
    const session = await opened(bytes.subarray(0, 10))
    const elsewhere = { ...ports, hashes: createRunningHashes() }
    const appended = await appendChunk(elsewhere, repository, session, { bytes: source(bytes.subarray(10)), start: 10 })
    expect(appended.hashed).toBeUndefined()
    const wrong = blob('other').digest
    await expect(finishUpload(elsewhere, repository, appended, wrong, undefined)).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
    expect((await finishUpload(elsewhere, repository, await current(session), digest, undefined)).size).toBe(bytes.length)
    expect((await readBack()).equals(bytes)).toBe(true)
  })

  test('a source that breaks off leaves what came, hashed', async () => {
    const session = await opened()
    const broken = new Readable({ read: () => undefined })
    broken.push(bytes.subarray(0, 20))
    setImmediate(() => broken.destroy(new Error('gone')))
    await expect(appendChunk(ports, repository, session, { bytes: broken, start: 0 })).rejects.toMatchObject({
      code: 'BLOB_UPLOAD_INVALID',
    })
    const kept = await current(session)
    expect(kept.staged.offset).toBe(20)
    expect(kept.hashed).toBe(digestOf(bytes.subarray(0, 20)))
    const rest = await appendChunk(ports, repository, kept, { bytes: source(bytes.subarray(20)), start: 20 })
    expect((await finishUpload(ports, repository, rest, digest, undefined)).size).toBe(bytes.length)
  })
})
