import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { freePort } from '@roadstead/runtime/listen.ts'
import { blob, config, digestOf, manifest } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { redisMissing, startRedis } from '@roadstead/testing/redis-server.ts'
import type { TestRedis } from '@roadstead/testing/redis-server.ts'
import { run, says } from './program.ts'
import type { Started } from './program.ts'
import { ask, locationOf, loginServer, offsetIn, password, withDigest } from './replica-client.ts'
import type { Answer, Call } from './replica-client.ts'

/** Counts the texts in Redis that hold both words: a session's id is part of its text, and of no key. */
const sessionsWith = `local count = 0
  for _, key in ipairs(redis.call('KEYS', '*')) do
    local text = redis.call('TYPE', key).ok == 'string' and redis.call('GET', key) or ''
    if text:find(ARGV[1], 1, true) and text:find(ARGV[2], 1, true) then count = count + 1 end
  end
  return count`

const withRedis = redisMissing === undefined ? describe : describe.skip

withRedis(`two replicas over one PostgreSQL, one Redis and one storage${redisMissing === undefined ? '' : ` (${redisMissing})`}`, () => {
  let folder: string
  let database: TestDatabase
  let redis: TestRedis
  const replicas = new Map<number, Started>()
  let a: number
  let b: number

  const start = async (port: number): Promise<void> => {
    const started = run({
      ROADSTEAD_PORT: String(port),
      ROADSTEAD_HOST: '127.0.0.1',
      ROADSTEAD_PUBLIC_URL: `http://*.${loginServer.slice(loginServer.indexOf('.') + 1)}`,
      ROADSTEAD_ADMIN_PASSWORD: password,
      ROADSTEAD_DATA_DIR: join(folder, String(port)),
      ROADSTEAD_STORAGE: `file://${join(folder, 'blobs')}`,
      ROADSTEAD_WORKERS: '1',
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
    })
    replicas.set(port, started)
    await says(started, /is ready in/)
  }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roadstead-replicas-'))
    database = await testDatabase()
    redis = await startRedis()
    a = await freePort('127.0.0.1')
    b = await freePort('127.0.0.1')
    await Promise.all([start(a), start(b)])
  }, 60_000)
  afterAll(async () => {
    for (const { child } of replicas.values()) child.kill('SIGKILL')
    await Promise.all([...replicas.values()].map(({ ended }) => ended))
    await redis?.close()
    await database?.close()
    await rm(folder, { recursive: true, force: true })
  }, 30_000)

  /** Opens an upload at A and sends the chunks in turn to B and A; answers where it goes on. */
  const sendInTurn = async (name: string, chunks: readonly Buffer[]): Promise<string> => {
    let location = locationOf(await ask(a, 'POST', `/v2/${name}/blobs/uploads/`))
    let offset = 0
    for (const [index, body] of chunks.entries()) {
      const headers = { 'Content-Range': `${offset}-${offset + body.length - 1}` }
      const answer = await ask(index % 2 === 0 ? b : a, 'PATCH', location, { body, headers })
      expect(answer.status).toBe(202)
      offset += body.length
      expect(offsetIn(answer)).toBe(offset)
      location = locationOf(answer)
    }
    return location
  }

  test('a push goes on at whichever replica the next request reaches, and is read at once at the other', async () => {
    const name = 'replicas/in-turn'
    const chunks = Array.from({ length: 7 }, () => randomBytes(300_000))
    const layer = blob(Buffer.concat(chunks))
    const location = await sendInTurn(name, chunks)
    expect((await ask(b, 'PUT', withDigest(location, layer.digest))).status).toBe(201)
    // The closing request once more, elsewhere: the client did not hear the first answer.
    expect((await ask(a, 'PUT', withDigest(location, layer.digest))).status).toBe(201)
    const settings = config('replicas')
    expect((await ask(b, 'POST', `/v2/${name}/blobs/uploads/?digest=${settings.digest}`, { body: settings.bytes })).status).toBe(201)
    const document = manifest({ config: settings, layers: [layer] })
    const headers = { 'Content-Type': document.mediaType }
    expect((await ask(a, 'PUT', `/v2/${name}/manifests/v1`, { body: document.bytes, headers })).status).toBe(201)

    expect((await ask(b, 'GET', `/v2/${name}/manifests/v1`)).body.equals(document.bytes)).toBe(true)
    expect(JSON.parse((await ask(b, 'GET', `/v2/${name}/tags/list`)).body.toString())).toMatchObject({ tags: ['v1'] })
    expect(digestOf((await ask(b, 'GET', `/v2/${name}/blobs/${layer.digest}`)).body)).toBe(layer.digest)
    expect((await ask(a, 'DELETE', `/v2/${name}/manifests/v1`)).status).toBe(202)
    expect((await ask(b, 'GET', `/v2/${name}/manifests/v1`)).status).toBe(404)
  }, 60_000)

  test('every write at one is seen by the next read at the other', async () => {
    const name = 'replicas/tags'
    for (let round = 0; round < 20; round++) {
      const settings = config(`round ${round}`)
      const [writer, reader] = round % 2 === 0 ? [a, b] : [b, a]
      await ask(writer, 'POST', `/v2/${name}/blobs/uploads/?digest=${settings.digest}`, { body: settings.bytes })
      const document = manifest({ config: settings })
      const headers = { 'Content-Type': document.mediaType }
      expect((await ask(writer, 'PUT', `/v2/${name}/manifests/moving`, { body: document.bytes, headers })).status).toBe(201)
      expect((await ask(reader, 'HEAD', `/v2/${name}/manifests/moving`)).headers['docker-content-digest']).toBe(document.digest)
    }
  }, 60_000)

  test('wrong passwords at one count at the other', async () => {
    const guess = (port: number, count: number): Promise<Answer> =>
      ask(port, 'GET', '/v2/', { headers: { authorization: `Basic ${Buffer.from(`somebody:${count}`).toString('base64')}` } })
    for (let count = 0; count < 10; count++) expect((await guess(count % 2 === 0 ? a : b, count)).status).toBe(401)
    expect((await guess(a, 10)).status).toBe(429)
    expect((await guess(b, 11)).status).toBe(429)
  }, 60_000)

  test('of two replicas that are sent the same chunk one stores it, the other refuses it', async () => {
    const chunk = randomBytes(500_000)
    const location = await sendInTurn('replicas/race', [])
    const headers = { 'Content-Range': `0-${chunk.length - 1}` }
    const answers = await Promise.all([a, b].map((port) => ask(port, 'PATCH', location, { body: chunk, headers })))
    expect(answers.map(({ status }) => status).toSorted((left, right) => left - right)).toEqual([202, 416])
    expect(offsetIn(await ask(a, 'GET', location))).toBe(chunk.length)
  }, 60_000)

  test('the restart of one replica after the other fails no push whose client tries once more', async () => {
    let isOver = false
    let pushed = 0
    let turn = 0
    /** Asks one replica and, where the connection fails or it says that it is stopping, the other: once. */
    const askTwice = async (method: string, path: string, call: Call): Promise<Answer> => {
      const [first, second] = (turn += 1) % 2 === 0 ? [a, b] : [b, a]
      const answer = await ask(first, method, path, call).catch(() => undefined)
      return answer === undefined || answer.status === 503 ? ask(second, method, path, call) : answer
    }
    const pushUntilOver = async (pusher: number): Promise<void> => {
      for (let count = 0; !isOver; count++) {
        const name = `replicas/rolling-${pusher}`
        const chunks = Array.from({ length: 4 }, () => randomBytes(100_000))
        let answer = await askTwice('POST', `/v2/${name}/blobs/uploads/`, {})
        expect(answer.status).toBe(202)
        for (const [index, body] of chunks.entries()) {
          const headers = { 'Content-Range': `${index * body.length}-${(index + 1) * body.length - 1}` }
          const location = locationOf(answer)
          answer = await askTwice('PATCH', location, { body, headers })
          // The chunk was stored and its answer lost with the connection.
          if (answer.status === 416) answer = await askTwice('GET', location, {})
          expect([answer.status, offsetIn(answer)]).toEqual([answer.status === 204 ? 204 : 202, (index + 1) * body.length])
          await sleep(20)
        }
        const { digest } = blob(Buffer.concat(chunks))
        expect((await askTwice('PUT', withDigest(locationOf(answer), digest), {})).status).toBe(201)
        expect((await askTwice('HEAD', `/v2/${name}/blobs/${digest}`, {})).status).toBe(200)
        pushed += 1
      }
    }
    const pushers = Promise.all([0, 1, 2, 3].map(pushUntilOver))
    pushers.catch(() => (isOver = true))
    for (const port of [a, b, a]) {
      const before = pushed
      const { child, ended } = replicas.get(port)!
      child.kill('SIGTERM')
      expect(await ended).toBe(0)
      // The other one alone serves everybody.
      while (pushed < before + 8 && !isOver) await sleep(20)
      await start(port)
    }
    isOver = true
    await pushers
    expect(pushed).toBeGreaterThanOrEqual(24)
  }, 120_000)

  test('without Redis both say so and refuse uploads, answer pulls, and go on by themselves when it is back', async () => {
    const settings = config('outage')
    const path = '/v2/replicas/outage/blobs/uploads/'
    expect((await ask(a, 'POST', `${path}?digest=${settings.digest}`, { body: settings.bytes })).status).toBe(201)
    await redis.kill()
    for (const port of [a, b]) {
      const refused = await ask(port, 'POST', path)
      expect([refused.status, Number(refused.headers['retry-after']) > 0]).toEqual([503, true])
      expect((await ask(port, 'GET', `/v2/replicas/outage/blobs/${settings.digest}`)).status).toBe(200)
      const readiness = await ask(port, 'GET', '/readyz')
      expect([readiness.status, readiness.body.toString()]).toEqual([503, expect.stringContaining('the store of upload sessions')])
    }
    await redis.restart()
    for (const port of [a, b]) while ((await ask(port, 'POST', path)).status !== 202) await sleep(50)
  }, 60_000)

  test('SIGTERM during a chunk that does not end in time: what came of it is kept, and the other replica goes on at once', async () => {
    const whole = randomBytes(900_000)
    const location = await sendInTurn('replicas/cut', [])
    const slowly = new PassThrough()
    const broken = ask(a, 'PATCH', location, { body: slowly, headers: { 'Transfer-Encoding': 'chunked' } })
    slowly.write(whole.subarray(0, 300_000))
    await writerIsThere(location)
    const { child, ended } = replicas.get(a)!
    child.kill('SIGTERM')
    await expect(broken).rejects.toThrow()
    expect(await ended).toBe(0)

    const offset = offsetIn(await ask(b, 'GET', location))
    expect(offset).toBe(300_000)
    const headers = { 'Content-Range': `${offset}-${whole.length - 1}` }
    const answer = await ask(b, 'PATCH', location, { body: whole.subarray(offset), headers })
    expect(answer.status).toBe(202)
    expect((await ask(b, 'PUT', withDigest(locationOf(answer), digestOf(whole)))).status).toBe(201)
    await start(a)
  }, 60_000)

  test('kill -9 in the middle of a chunk: the client goes on at the other replica, behind the last byte that was acknowledged', async () => {
    const first = randomBytes(400_000)
    const second = randomBytes(600_000)
    const location = await sendInTurn('replicas/killed', [first])
    const slowly = new PassThrough()
    const broken = ask(a, 'PATCH', location, { body: slowly, headers: { 'Transfer-Encoding': 'chunked' } })
    slowly.write(second.subarray(0, 200_000))
    // A has the session for itself by now, and bytes that it never acknowledged.
    await writerIsThere(location)
    const { child, ended } = replicas.get(a)!
    child.kill('SIGKILL')
    await expect(broken).rejects.toThrow()
    await ended

    const offset = offsetIn(await ask(b, 'GET', location))
    expect(offset).toBe(first.length)
    const whole = Buffer.concat([first, second])
    let answer: Answer
    do {
      const headers = { 'Content-Range': `${offset}-${whole.length - 1}` }
      answer = await ask(b, 'PATCH', location, { body: whole.subarray(offset), headers })
      // Until what A had taken for itself lapses: B cannot know that it is dead.
      if (answer.status === 416) await sleep(500)
    } while (answer.status === 416)
    expect(answer.status).toBe(202)
    const { digest } = blob(whole)
    expect((await ask(b, 'PUT', withDigest(locationOf(answer), digest))).status).toBe(201)
    await start(a)
    expect(digestOf((await ask(a, 'GET', `/v2/replicas/killed/blobs/${digest}`)).body)).toBe(digest)
  }, 60_000)

  /** Resolves when a request has taken the session to write to it. */
  async function writerIsThere(location: string): Promise<void> {
    const id = /uploads\/([0-9a-f-]{36})/.exec(location)![1]!
    while ((await redis.command('EVAL', sessionsWith, '0', id, '"writer"')) === '0') await sleep(20)
  }
})
