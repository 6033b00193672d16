import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { redisMissing } from '@roadstead/testing/redis-server.ts'
import { azuriteMissing, startAzurite } from '../doubles/azurite.ts'
import { filesIn, objectBackend, startShared } from '../doubles/backend.ts'
import type { Backend } from '../doubles/backend.ts'
import { minioMissing, startMinio } from '../doubles/minio.ts'
import type { Fault, FaultSession } from '../faults/fault.ts'

import { readAll, Refused } from '../raw/http.ts'
import { openRepository, sha256 } from '../raw/repository.ts'
import type { RawRepository } from '../raw/repository.ts'
import { freePort } from '../runner/server.ts'
import type { Server } from '../runner/server.ts'

const MIB = 1024 * 1024
const CUTS = 6
/** A writer that died holds its upload for this long at most. Milliseconds. */
const CLAIMED_FOR = 12_000

/** Three replicas over one database, one Redis and one storage, and clients whose line breaks. */
function replicas(name: string, startBackend: (folder: string) => Promise<Backend>, missing: () => string | undefined): Fault {
  return {
    name: `outage replicas ${name}`,
    script: async (session) => {
      const reason = redisMissing ?? missing()
      if (reason !== undefined) return session.step.skip(`all of outage replicas ${name}`, reason)
      const backend = await startBackend(session.folder)
      try {
        await breakLines(session, backend)
      } finally {
        await backend.stop()
      }
    },
  }
}

async function breakLines({ step, start, folder }: FaultSession, backend: Backend): Promise<void> {
  const servers: Server[] = []
  for (const letter of ['a', 'b', 'c']) {
    const files = { dataFolder: join(folder, letter), logFile: join(folder, `${letter}.log`) }
    servers.push(await start({ ...files, port: await freePort(), environment: { ...backend.environment, ROADSTEAD_LOG_LEVEL: 'warn' } }))
  }
  const [a, b, c] = await Promise.all(servers.map((server) => openRepository(server, 'outage/replicas')))
  assert.ok(a !== undefined && b !== undefined && c !== undefined)

  await step(`${CUTS} times cut in mid-PATCH, gone on with at the same replica`, () => times(CUTS, () => cutAndGoOn(a, a)))
  await step(`${CUTS} times cut in mid-PATCH, gone on with at another replica`, () => times(CUTS, () => cutAndGoOn(a, b)))
  await step('chunks to all replicas in turns', () => times(4, () => inTurns([a, b, c])))
  await step('a replica is killed and one is suspended in mid-PATCH; another one finishes what they began', async () => {
    const uploads = await Promise.all([beginOn(a), beginOn(c)])
    await servers[0]!.kill()
    process.kill(servers[2]!.pid, 'SIGSTOP')
    try {
      const waits = await Promise.all(uploads.map((upload) => finishOn(b, upload)))
      console.log(`     gone on with after ${waits.map((wait) => `${Math.round(wait)} ms`).join(' and ')}`)
    } finally {
      process.kill(servers[2]!.pid, 'SIGCONT')
    }
    // It wakes up in the middle of its request, which ends now, and must not take back what was acknowledged meanwhile.
    for (const { end } of uploads) end()
    await sleep(1000)
    for (const repository of [b, c]) for (const { bytes } of uploads) await checkBlob(repository, bytes)
  })
  for (const server of servers.slice(1)) await server.stop()
}

async function times(count: number, work: () => Promise<void>): Promise<void> {
  for (let done = 0; done < count; done += 1) await work()
}

async function cutAndGoOn(first: RawRepository, second: RawRepository): Promise<void> {
  const bytes = randomBytes(randomInt(2, 7) * MIB + randomInt(1000))
  const location = await first.beginUpload()
  const acknowledged = randomInt(2) === 0 ? 0 : randomInt(1000, MIB)
  if (acknowledged > 0) await first.sendChunk(location, 0, bytes.subarray(0, acknowledged))
  const sent = randomInt(acknowledged + 1, bytes.length)
  const cutting = new AbortController()
  const request = first.call(location, {
    method: 'PATCH',
    headers: { 'content-type': 'application/octet-stream' },
    body: hanging(bytes.subarray(acknowledged, sent)),
    signal: cutting.signal,
  })
  request.catch(() => undefined)
  await sleep(randomInt(5, 150))
  cutting.abort()
  const offset = await offsetOf(second, location, acknowledged)
  assert.ok(offset >= acknowledged && offset <= sent, `${acknowledged} bytes were acknowledged, ${sent} sent, and it says ${offset}`)
  await sendRest(second, location, bytes, offset)
  await checkBlob(second, bytes)
}

/** The server may still be storing what came: asks until the answer stays the same. */
async function offsetOf(repository: RawRepository, location: string, atLeast: number): Promise<number> {
  let last = -1
  for (let count = 0; count < 100; count += 1) {
    const answer = await repository.call(location)
    await readAll(answer)
    assert.equal(answer.status, 204, `GET of the session answered ${answer.status}`)
    const end = Number(/^0-(\d+)$/.exec(answer.headers.range ?? '')?.[1] ?? Number.NaN)
    const offset = end === 0 ? 0 : end + 1
    if (offset === last && offset >= atLeast) return offset
    last = offset
    await sleep(100)
  }
  throw new Error('the offset does not come to rest')
}

/** Until the session is free: the request that was cut may hold it for a moment. */
async function sendRest(repository: RawRepository, location: string, bytes: Buffer, offset: number): Promise<number> {
  const start = performance.now()
  let at = offset
  for (;;) {
    try {
      await repository.finishUpload(await repository.sendChunk(location, at, bytes.subarray(at)), sha256(bytes))
      return performance.now() - start
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 416 || performance.now() - start > CLAIMED_FOR) throw error
    }
    await sleep(100)
    at = await offsetOf(repository, location, offset)
  }
}

async function inTurns(all: readonly RawRepository[]): Promise<void> {
  const bytes = randomBytes(13 * MIB + 77)
  const size = 3 * MIB
  let location = await all[0]!.beginUpload()
  for (let offset = 0, turn = 1; offset < bytes.length; offset += size, turn += 1) {
    location = await all[turn % all.length]!.sendChunk(location, offset, bytes.subarray(offset, offset + size))
  }
  await all[1]!.finishUpload(location, sha256(bytes))
  await checkBlob(all[2]!, bytes)
}

interface Begun {
  readonly location: string
  readonly bytes: Buffer
  /** Ends the chunk that is on its way. */
  readonly end: () => void
}

/** An upload with one acknowledged chunk, and a second one on its way that has no end yet. */
async function beginOn(repository: RawRepository): Promise<Begun> {
  const bytes = randomBytes(3 * MIB)
  const location = await repository.beginUpload()
  await repository.sendChunk(location, 0, bytes.subarray(0, MIB))
  const headers = { 'content-type': 'application/octet-stream' }
  const body = hanging(bytes.subarray(MIB, 2 * MIB))
  repository.call(location, { method: 'PATCH', headers, body }).catch(() => undefined)
  await sleep(300)
  return { location, bytes, end: () => void body.push(null) }
}

async function finishOn(repository: RawRepository, { location, bytes }: Begun): Promise<number> {
  const offset = await offsetOf(repository, location, MIB)
  return await sendRest(repository, location, bytes, offset)
}

async function checkBlob(repository: RawRepository, bytes: Buffer): Promise<void> {
  assert.equal(sha256(await readAll(await repository.blob(sha256(bytes)))), sha256(bytes))
}

/** Gives these bytes and then nothing more, without an end. */
function hanging(bytes: Buffer): Readable {
  const stream = new Readable({ read: () => undefined })
  for (let offset = 0; offset < bytes.length; offset += 64 * 1024) stream.push(bytes.subarray(offset, offset + 64 * 1024))
  return stream
}

async function sharedFolder(folder: string): Promise<Backend> {
  const { environment, stop } = await startShared(folder)
  const settings = { ROADSTEAD_WORKERS: '1', ...environment, ...filesIn(folder) }
  return { name: 'filesystem', storage: 'filesystem', hasRedis: true, environment: settings, stop }
}

export const replicaOutages: readonly Fault[] = [
  replicas('filesystem', sharedFolder, () => undefined),
  replicas('s3', (folder) => objectBackend(folder, startMinio), minioMissing),
  replicas('azure', (folder) => objectBackend(folder, startAzurite), azuriteMissing),
]
