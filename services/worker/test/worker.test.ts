import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createMemoryStore } from '@roadstead/blob-store/memory.ts'
import type { Ports } from '@roadstead/distribution/ports.ts'
import { removeBlob } from '@roadstead/distribution/remove.ts'
import { createRunningHashes } from '@roadstead/distribution/running-hashes.ts'
import { createSmallBlobs } from '@roadstead/distribution/small-blobs.ts'
import { openUpload, uploadWhole } from '@roadstead/distribution/upload.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import { createLog } from '@roadstead/runtime/log.ts'
import { blob } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { repositoryIn, testRegistry } from '@roadstead/testing/registries.ts'
import { createInProcessSessions } from '@roadstead/upload-sessions/in-process.ts'
import { repeat } from '../src/repeat.ts'
import { defaultWorkerSettings, startWorker } from '../src/worker-service.ts'

let database: TestDatabase
let ports: Ports
let repository: Repository
let ahead = 0
const lines: string[] = []
const log = createLog({ level: 'info', output: { write: (line) => void lines.push(line) } })

beforeAll(async () => {
  database = await testDatabase()
  const now = (): Date => new Date(Date.now() + ahead)
  const store = createMemoryStore({ now })
  ports = {
    metadata: database.metadata,
    blobStore: () => store,
    sessions: createInProcessSessions({ now }),
    hashes: createRunningHashes(),
    smallBlobs: createSmallBlobs(0),
    now,
    newId: randomUUID,
    onBackgroundError: () => undefined,
  }
  repository = repositoryIn(await testRegistry(database.metadata), 'app')
})
afterAll(() => database.close())

/** Resolves when a line of the log says this. */
async function said(pattern: RegExp): Promise<string> {
  for (;;) {
    const line = lines.find((text) => pattern.test(text))
    if (line !== undefined) return line
    await sleep(10)
  }
}

test('sweeps, removes what was deleted, and finds damage; then stops', async () => {
  const [kept, deleted, damaged] = ['kept', 'deleted', 'damaged'].map((seed) => blob(seed))
  for (const each of [kept!, deleted!, damaged!]) await uploadWhole(ports, repository, each.digest, Readable.from([each.bytes]))
  await removeBlob(ports, repository, deleted!.digest)
  await openUpload(ports, repository, 'somebody', 'sha256')
  const store = ports.blobStore(repository.registry)
  await store.delete([(await database.metadata.blobs.find(repository, damaged!.digest))!.location])
  ahead = 25 * 60 * 60_000

  const stop = startWorker(ports, log, { ...defaultWorkerSettings, backupRetention: 0 })
  await Promise.all([
    said(/upload sessions ended.*|"count":1.*upload sessions ended/),
    said(/bytes of deleted blobs removed/),
    said(new RegExp(damaged!.digest)),
    said(/the bytes of all blobs/),
  ])
  await stop()
  expect(await database.metadata.blobs.find(repository, damaged!.digest)).toMatchObject({ damaged: true })
  expect((await database.metadata.blobs.find(repository, kept!.digest))?.damaged).toBeUndefined()
})

test('a round that fails is told and repeated, never two of them at once', async () => {
  let [rounds, running, most] = [0, 0, 0]
  const stop = repeat(
    [
      {
        name: 'test',
        every: 0,
        async round() {
          most = Math.max(most, ++running)
          await sleep(1)
          running--
          if (++rounds === 2) throw new Error('failed once')
        },
      },
    ],
    log,
  )
  await said(/failed once/)
  while (rounds < 5) await sleep(1)
  await stop()
  const ended = rounds
  await sleep(20)
  expect([rounds, most, running]).toEqual([ended, 1, 0])
})

test('a round that takes long is told to stop, and waited for', async () => {
  let ended = false
  const stop = repeat(
    [
      {
        name: 'long',
        every: 0,
        async round(signal) {
          await sleep(1_000_000, undefined, { signal }).catch(() => sleep(20))
          ended = true
        },
      },
    ],
    log,
  )
  await sleep(5)
  await stop()
  expect(ended).toBe(true)
})
