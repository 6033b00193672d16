import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createMemoryStore } from '@roadstead/blob-store/memory.ts'
import { Unavailable } from '@roadstead/oci/errors.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import { digestOf } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { repositoryIn, testRegistry } from '@roadstead/testing/registries.ts'
import { createInProcessSessions } from '@roadstead/upload-sessions/in-process.ts'
import type { BlobStore } from './blob-store.ts'
import type { Ports } from './ports.ts'
import { readBlob, statBlob } from './pull.ts'
import { createRunningHashes } from './running-hashes.ts'
import { createSmallBlobs } from './small-blobs.ts'
import { appendChunk, findUpload, finishUpload, openUpload } from './upload.ts'
import type { UploadSession } from './upload-sessions.ts'

let database: TestDatabase
let repository: Repository
let store: BlobStore
let ports: Ports

beforeAll(async () => {
  database = await testDatabase()
})

afterAll(() => database.close())

beforeEach(async () => {
  const now = (): Date => new Date()
  store = createMemoryStore({ now })
  ports = {
    metadata: database.metadata,
    blobStore: () => store,
    sessions: createInProcessSessions({ now }),
    hashes: createRunningHashes(),
    smallBlobs: createSmallBlobs(0),
    now,
    newId: randomUUID,
    onBackgroundError: (error) => {
      throw error
    },
  }
  repository = repositoryIn(await testRegistry(database.metadata), 'team/app')
})

const bytes = Buffer.from('the bytes of a blob, in two parts')
const digest = digestOf(bytes)
const chunk = (part: Buffer, start?: number) => ({ bytes: Readable.from([part]), start })
const current = ({ id }: UploadSession): Promise<UploadSession> => findUpload(ports, repository, id, 'somebody')
const open = (): Promise<UploadSession> => openUpload(ports, repository, 'somebody', 'sha256')

async function readBack(): Promise<Buffer> {
  return (await readBlob(ports, repository, await statBlob(ports, repository, digest), undefined)) as Buffer
}

describe('a closing request that carries bytes and fails after they are final', () => {
  const away = (): Ports => ({ ...ports, metadata: { ...ports.metadata, transaction: () => Promise.reject(new Unavailable('database')) } })
  /** As in a store that cannot go on with an upload which it has finished. */
  const sealing = (): void => {
    const { append, commit } = store
    let isFinal = false
    store = {
      ...store,
      append: (...asked) => (isFinal ? Promise.reject(new Error('nothing can be appended any more')) : append(...asked)),
      commit: async (upload) => {
        await commit(upload)
        isFinal = true
      },
    }
  }

  test.each([
    ['the whole blob, and does not say where it begins', 0, undefined],
    ['the last part, and does not say where it begins', 10, undefined],
    ['the last part, and says where it begins', 10, 10],
  ])('succeeds when it is repeated with %s', async (_, first, start) => {
    sealing()
    const session = await open()
    if (first > 0) await appendChunk(ports, repository, session, chunk(bytes.subarray(0, first)))
    const close = async (through: Ports) =>
      finishUpload(through, repository, await current(session), digest, chunk(bytes.subarray(first), start))
    await expect(close(away())).rejects.toThrow(Unavailable)
    expect(await close(ports)).toEqual({ digest, size: bytes.length })
    expect((await readBack()).equals(bytes)).toBe(true)
  })

  test('succeeds when it is repeated without its bytes', async () => {
    sealing()
    const session = await open()
    await expect(finishUpload(away(), repository, session, digest, chunk(bytes))).rejects.toThrow(Unavailable)
    expect((await finishUpload(ports, repository, await current(session), digest, undefined)).size).toBe(bytes.length)
  })

  test('is known to whoever goes on after the process died', async () => {
    sealing()
    const session = await open()
    // The process dies where the transaction would begin: nothing after that is written down.
    let lastSeen: UploadSession | undefined
    const dying: Ports = {
      ...ports,
      metadata: {
        ...ports.metadata,
        transaction: async () => {
          lastSeen = await current(session)
          throw new Unavailable('database')
        },
      },
    }
    await expect(finishUpload(dying, repository, session, digest, chunk(bytes))).rejects.toThrow(Unavailable)
    const left = { ...lastSeen!, id: randomUUID() }
    await ports.sessions.create(left)
    const later = { ...ports, hashes: createRunningHashes(), now: () => new Date(Date.now() + 60_000) }
    expect((await finishUpload(later, repository, left, digest, chunk(bytes))).size).toBe(bytes.length)
    expect((await readBack()).equals(bytes)).toBe(true)
  })
})

test('the second copy of known content goes only after its session is closed', async () => {
  await finishUpload(ports, repository, await open(), digest, chunk(bytes))
  const session = await open()
  const forgetful: Ports = {
    ...ports,
    sessions: {
      ...ports.sessions,
      advance: (before, after) => (after.finished ? Promise.reject(new Unavailable('sessions')) : ports.sessions.advance(before, after)),
    },
  }
  await expect(finishUpload(forgetful, repository, session, digest, chunk(bytes))).rejects.toThrow(Unavailable)
  const later = { ...ports, hashes: createRunningHashes(), now: () => new Date(Date.now() + 60_000) }
  expect((await finishUpload(later, repository, await current(session), digest, chunk(bytes))).digest).toBe(digest)
  const left: string[] = []
  for await (const { location } of store.list(repository.registry.id)) left.push(location)
  expect(left).toHaveLength(1)
})

test('who slept through its claim does not throw away what somebody else made of the upload', async () => {
  const session = await open()
  const slow = new Readable({ read: () => undefined })
  // What it writes late is what the other one wrote there.
  const append: BlobStore['append'] = async (upload, source) => ({ ...upload, offset: upload.offset + (await source.toArray()).length })
  const asleep: Ports = { ...ports, blobStore: () => ({ ...store, append }) }
  const sleeping = appendChunk(asleep, repository, session, { bytes: slow, start: 0 })
  // Long after, as the clock of the other process has it.
  const awake = { ...ports, hashes: createRunningHashes(), now: () => new Date(Date.now() + 60_000) }
  const again = await appendChunk(awake, repository, await current(session), chunk(bytes, 0))
  await finishUpload(awake, repository, again, digest, undefined)
  slow.push(null)
  await expect(sleeping).rejects.toMatchObject({ code: 'BLOB_UPLOAD_INVALID', reason: 'out of order' })
  expect((await readBack()).equals(bytes)).toBe(true)
  expect((await current(session)).finished?.digest).toBe(digest)
})
