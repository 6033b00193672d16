import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { freePort } from '@roadstead/runtime/listen.ts'
import { blob } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { redisMissing, startRedis } from '@roadstead/testing/redis-server.ts'
import type { TestRedis } from '@roadstead/testing/redis-server.ts'
import { run, says } from './program.ts'
import type { Started } from './program.ts'
import { ask, locationOf, loginServer, password, withDigest } from './replica-client.ts'

const withRedis = redisMissing === undefined ? describe : describe.skip

withRedis(`three processes that share a port${redisMissing === undefined ? '' : ` (${redisMissing})`}`, () => {
  let folder: string
  let database: TestDatabase
  let redis: TestRedis
  let port: number
  let started: Started

  const settings = (): Record<string, string> => ({
    ROADSTEAD_PORT: String(port),
    ROADSTEAD_HOST: '127.0.0.1',
    ROADSTEAD_PUBLIC_URL: `http://*.${loginServer.slice(loginServer.indexOf('.') + 1)}`,
    ROADSTEAD_ADMIN_PASSWORD: password,
    ROADSTEAD_DATA_DIR: join(folder, 'data'),
    ROADSTEAD_STORAGE: `file://${join(folder, 'blobs')}`,
    ROADSTEAD_WORKERS: '3',
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
  })
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roadstead-workers-'))
    database = await testDatabase()
    redis = await startRedis()
    port = await freePort('127.0.0.1')
    started = run(settings())
    await says(started, /is ready in/)
  }, 60_000)
  afterAll(async () => {
    started?.child.kill('SIGKILL')
    await started?.ended
    await redis?.close()
    await database?.close()
    await rm(folder, { recursive: true, force: true })
  }, 30_000)

  const metrics = async (): Promise<string> => (await ask(port, 'GET', '/metrics')).body.toString()
  const sumOf = async (name: string): Promise<number> => {
    const lines = (await metrics()).split('\n').filter((line) => line.startsWith(name))
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  }
  const answered = 'roadstead_http_requests_total{route="/v2/",'
  /** The worker processes that wrote log lines of requests so far. */
  const workersSeen = (): ReadonlySet<string> =>
    new Set([...started.said().matchAll(/"worker":(\d+),"requestId"/g)].map((match) => match[1]!))

  test('share the work, and any of them tells what all of them counted', async () => {
    const before = await sumOf(answered)
    for (let count = 0; count < 12; count++) expect((await ask(port, 'GET', '/v2/')).status).toBe(200)
    expect(await sumOf(answered)).toBe(before + 12)
    expect(await sumOf('roadstead_processes ')).toBe(3)
    expect(workersSeen().size).toBe(3)
    expect((await ask(port, 'GET', '/readyz')).status).toBe(200)
  }, 60_000)

  test('SIGHUP replaces all of them and fails no request, also on connections that are kept', async () => {
    let isOver = false
    let done = 0
    const work = async (pusher: number): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      while (!isOver) {
        const chunk = randomBytes(50_000)
        const { digest } = blob(chunk)
        const opened = await ask(port, 'POST', `/v2/workers/${pusher}/blobs/uploads/`, { agent })
        const sent = await ask(port, 'PATCH', locationOf(opened), { body: chunk, agent })
        const closed = await ask(port, 'PUT', withDigest(locationOf(sent), digest), { agent })
        const read = await ask(port, 'GET', `/v2/workers/${pusher}/blobs/${digest}`, { agent })
        expect([opened, sent, closed, read].map(({ status }) => status)).toEqual([202, 202, 201, 200])
        done += 1
      }
      agent.destroy()
    }
    const before = workersSeen()
    const counted = await sumOf(answered)
    const all = Promise.all([0, 1, 2, 3].map(work))
    all.catch(() => (isOver = true))
    for (let round = 1; round <= 2; round++) {
      started.child.kill('SIGHUP')
      while (!isOver && (started.said().match(/"msg":"a worker process was replaced"/g)?.length ?? 0) < 3 * round) await sleep(20)
      const now = done
      while (!isOver && done < now + 8) await sleep(20)
    }
    isOver = true
    await all
    expect(done).toBeGreaterThanOrEqual(16)
    expect([...workersSeen()].filter((pid) => !before.has(pid)).length).toBeGreaterThanOrEqual(3)
    // What those that are gone had counted is still counted.
    expect(await sumOf(answered)).toBeGreaterThanOrEqual(counted)
  }, 120_000)

  test('one that is killed is replaced, and the others serve meanwhile', async () => {
    const before = (started.said().match(/"msg":"a worker process ended and is replaced"/g) ?? []).length
    await ask(port, 'GET', '/v2/')
    const [pid] = [...workersSeen()].slice(-1)
    process.kill(Number(pid), 'SIGKILL')
    await says(started, /"how":"SIGKILL","milliseconds":100,"msg":"a worker process ended and is replaced"/)
    for (let count = 0; count < 6; count++) expect((await ask(port, 'GET', '/v2/')).status).toBe(200)
    while ((await sumOf('roadstead_processes ')) !== 3) await sleep(50)
    expect(before).toBe(0)
  }, 60_000)

  test('a port that is taken is said in one sentence, by the program and not by each process', async () => {
    const second = run(settings())
    expect(await second.ended).toBe(1)
    expect(second.said().match(/Roadstead cannot start: [^\n]*/g)).toEqual([
      `Roadstead cannot start: port ${port} on 127.0.0.1 is used by another program: stop that one or choose another port`,
    ])
  }, 60_000)

  test('SIGTERM stops all of them in order, and no password was in a command line', async () => {
    const pids = [...workersSeen()].map(Number)
    const lines = spawnSync('ps', ['-o', 'args=', '-p', [started.child.pid, ...pids].join()], { encoding: 'utf8' }).stdout
    expect(lines).toContain('main.ts')
    for (const secret of [password, database.url]) expect(lines).not.toContain(secret)
    started.child.kill('SIGTERM')
    expect(await started.ended).toBe(0)
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    expect(started.said()).not.toContain(password)
  }, 60_000)
})
