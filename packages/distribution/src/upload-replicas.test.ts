import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createMemoryStore } from '@roadstead/blob-store/memory.ts'
import type { DigestAlgorithm } from '@roadstead/oci/digest.ts'
import { Unavailable } from '@roadstead/oci/errors.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import { digestOf } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { repositoryIn, testRegistry } from '@roadstead/testing/registries.ts'
import { createInProcessSessions } from '@roadstead/upload-sessions/in-process.ts'
import { loadPortableHashes } from '@roadstead/upload-sessions/portable-hash.ts'
import type { BlobStore } from './blob-store.ts'
import type { Ports } from './ports.ts'
import { createRunningHashes } from './running-hashes.ts'
import { createSmallBlobs } from './small-blobs.ts'
import { appendChunk, findUpload, finishUpload, openUpload } from './upload.ts'
import type { UploadedBlob } from './upload.ts'
import type { UploadSession } from './upload-sessions.ts'

let database: TestDatabase
let repository: Repository
let store: BlobStore
/** Two processes: sessions, bytes and rows are shared, what each keeps in its memory is not. */
let first: Ports
let second: Ports
/** How often stored bytes were read. */
let reads: number

beforeAll(async () => {
  database = await testDatabase()
})

afterAll(() => database.close())

beforeEach(async () => {
  const now = (): Date => new Date()
  const memory = createMemoryStore({ now })
  reads = 0
  store = {
    ...memory,
    read(...asked) {
      reads += 1
      return memory.read(...asked)
    },
  }
  const sessions = createInProcessSessions({ now })
  const replica = async (): Promise<Ports> => ({
    metadata: database.metadata,
    blobStore: () => store,
    sessions,
    hashes: createRunningHashes(),
    portableHashes: await loadPortableHashes(),
    smallBlobs: createSmallBlobs(0),
    now,
    newId: randomUUID,
    onBackgroundError: (error) => {
      throw error
    },
  })
  first = await replica()
  second = await replica()
  repository = repositoryIn(await testRegistry(database.metadata), 'team/app')
})

const content = Buffer.from(Array.from({ length: 1_000 }, (_, index) => index * 7))
const source = (part: Buffer): Readable => Readable.from([part])
const found = (through: Ports, { id }: UploadSession): Promise<UploadSession> => findUpload(through, repository, id, 'somebody')
const open = (algorithm: DigestAlgorithm = 'sha256'): Promise<UploadSession> => openUpload(first, repository, 'somebody', algorithm)

/** A chunk of announced length. */
async function send(through: Ports, session: UploadSession, part: Buffer): Promise<UploadSession> {
  const { staged } = await found(through, session)
  return appendChunk(through, repository, await found(through, session), { bytes: source(part), start: staged.offset, length: part.length })
}

/** As clients do that send all of a blob in one PATCH: without a length. */
async function stream(through: Ports, session: UploadSession, part: Buffer): Promise<UploadSession> {
  return appendChunk(through, repository, await found(through, session), { bytes: source(part), start: undefined })
}

async function close(through: Ports, session: UploadSession, algorithm: DigestAlgorithm = 'sha256', last?: Buffer): Promise<UploadedBlob> {
  const chunk = last && { bytes: source(last), start: undefined }
  return finishUpload(through, repository, await found(through, session), digestOf(content, algorithm), chunk)
}

describe('an upload whose chunks reach two replicas in turns', () => {
  test.each(['sha256', 'sha512'] as const)('is never read back, and closes with its %s', async (algorithm) => {
    const session = await open(algorithm)
    for (let at = 0; at < content.length; at += 90) {
      const sent = await send((at / 90) % 2 === 0 ? first : second, session, content.subarray(at, at + 90))
      expect(sent.hashed).toBe(digestOf(content.subarray(0, at + 90), algorithm))
    }
    expect(await close(first, session, algorithm)).toEqual({ digest: digestOf(content, algorithm), size: content.length })
    expect(reads).toBe(0)
  })

  test('is not read back where its last chunk comes with the closing request', async () => {
    const session = await open('sha512')
    await send(first, session, content.subarray(0, 100))
    await send(second, session, content.subarray(100, 300))
    await close(first, session, 'sha512', content.subarray(300))
    expect(reads).toBe(0)
  })

  test('goes on from what came of a chunk that broke off', async () => {
    const session = await open()
    await send(first, session, content.subarray(0, 100))
    const broken = new Readable({ read: () => undefined })
    broken.push(content.subarray(100, 150))
    setImmediate(() => broken.destroy(new Error('gone')))
    const chunk = { bytes: broken, start: 100, length: 100 }
    await expect(appendChunk(second, repository, await found(second, session), chunk)).rejects.toMatchObject({
      code: 'BLOB_UPLOAD_INVALID',
    })
    await send(first, session, content.subarray(150))
    await close(second, session)
    expect(reads).toBe(0)
  })

  test('goes on after a store that failed', async () => {
    const session = await open()
    await send(first, session, content.subarray(0, 100))
    const failing: Ports = { ...second, blobStore: () => ({ ...store, append: () => Promise.reject(new Unavailable('storage')) }) }
    await expect(send(failing, session, content.subarray(100))).rejects.toThrow(Unavailable)
    await send(second, session, content.subarray(100))
    await close(first, session)
    expect(reads).toBe(0)
  })

  test.each(['', 'AQAAAAAAAAAK', 'x'.repeat(180)])('with a hash state that is none (%#) is read back, and is right', async (hashState) => {
    const session = await open()
    const sent = await send(first, session, content.subarray(0, 500))
    expect(sent.hashState).toBeDefined()
    expect(await first.sessions.advance(sent, { ...sent, version: sent.version + 1, hashState })).toBe(true)
    await send(second, session, content.subarray(500))
    await close(first, session)
    expect(reads).toBe(1)
  })

  test('after a writer that died is read back: what that one wrote may still change', async () => {
    const session = await open()
    const sent = await send(first, session, content.subarray(0, 500))
    const abandoned = { ...sent, version: sent.version + 1, writer: { id: 'dead', until: Date.now() - 1 } }
    expect(await first.sessions.advance(sent, abandoned)).toBe(true)
    const after = await send(second, session, content.subarray(500))
    expect([after.hashed, after.hashState]).toEqual([undefined, undefined])
    await close(first, session)
    expect(reads).toBe(1)
  })
})

describe('an upload that comes as a stream', () => {
  test('is hashed natively, and closes on the other replica', async () => {
    const session = await open()
    expect((await stream(first, session, content)).hashState).toBeUndefined()
    await close(second, session)
    expect(reads).toBe(0)
  })

  test('and goes on elsewhere, is read back once', async () => {
    const session = await open()
    await stream(first, session, content.subarray(0, 500))
    expect((await send(second, session, content.subarray(500))).hashed).toBeUndefined()
    await close(first, session)
    expect(reads).toBe(1)
  })

  test('is not hashed on from bytes that were never acknowledged', async () => {
    const session = await open()
    const { sessions } = first
    // This replica stores and hashes, and its claim ends without that anybody hears of it.
    const cutOff: Ports = {
      ...first,
      sessions: {
        ...sessions,
        advance: (before, after) => (after.writer ? sessions.advance(before, after) : Promise.reject(new Unavailable('sessions'))),
      },
    }
    await expect(stream(cutOff, session, Buffer.alloc(500))).rejects.toThrow(Unavailable)
    const later = (replica: Ports): Ports => ({ ...replica, now: () => new Date(Date.now() + 100_000) })
    await stream(later(second), session, content.subarray(0, 500))
    await stream(later(first), session, content.subarray(500))
    expect((await close(later(first), session)).size).toBe(content.length)
    expect(reads).toBe(1)
  })
})

test('where there is one process only, chunks are hashed natively and nothing is written down', async () => {
  const { portableHashes: _, ...alone } = first
  const session = await open()
  for (let at = 0; at < content.length; at += 90) {
    expect((await send(alone, session, content.subarray(at, at + 90))).hashState).toBeUndefined()
  }
  await close(alone, session)
  expect(reads).toBe(0)
})
