import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { UploadSession } from '@roadstead/distribution/upload-sessions.ts'
import { Unavailable } from '@roadstead/oci/errors.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import { redisMissing, startRedis, startRedisCluster } from '@roadstead/testing/redis-server.ts'
import type { TestRedis } from '@roadstead/testing/redis-server.ts'
import { connectRedis } from './redis-connection.ts'
import { createRedisSessions } from './redis.ts'
import type { RedisSessions } from './redis.ts'
import { sessionOf } from './testing/contract.ts'

const suite = redisMissing === undefined ? describe : describe.skip
const title = (what: string): string => `${what} (${redisMissing ?? 'real'})`

const closing: (() => Promise<void>)[] = []
let unhandled: unknown[]
const note = (error: unknown): void => void unhandled.push(error)

beforeEach(() => {
  unhandled = []
  process.on('unhandledRejection', note)
})

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

const now = (): Date => new Date()

function open(url: string, onOutage?: (error: Error) => void): RedisSessions {
  const redis = connectRedis({ url, ...(onOutage !== undefined && { onOutage }) })
  const sessions = createRedisSessions({ redis, now })
  closing.push(() => sessions.close())
  return sessions
}

async function server(settings: readonly string[] = []): Promise<TestRedis> {
  const started = await startRedis(settings)
  closing.push(() => started.close())
  return started
}

const session = (): UploadSession => sessionOf({ id: randomUUID(), expires: Date.now() + 3_600_000 })
const where = ({ registry, repository }: UploadSession): Repository =>
  ({ registry: { id: registry }, name: repository }) as unknown as Repository

/** Each method of the port, as one call. */
function calls(sessions: RedisSessions, kept: UploadSession): readonly (() => Promise<unknown>)[] {
  return [
    () => sessions.create(session()),
    () => sessions.find(where(kept), kept.id),
    () => sessions.advance(kept, { ...kept, version: kept.version + 1 }),
    () => sessions.delete(kept),
    () => sessions.expired(now(), 10),
    () => sessions.check(),
  ]
}

/** The promise is less than a second; the rest is for a machine that is busy with other tests. */
async function expectRefusals(all: readonly (() => Promise<unknown>)[]): Promise<void> {
  const started = performance.now()
  const results = await Promise.allSettled(all.map((call) => call()))
  expect(performance.now() - started).toBeLessThan(1_500)
  for (const result of results) {
    expect(result).toMatchObject({ status: 'rejected', reason: expect.any(Unavailable) })
  }
}

async function untilBack(sessions: RedisSessions): Promise<void> {
  const until = performance.now() + 5_000
  while (
    !(await sessions.check().then(
      () => true,
      () => false,
    ))
  ) {
    if (performance.now() > until) throw new Error('the connection did not come back within five seconds')
    await sleep(50)
  }
}

suite(title('a Redis that fails'), () => {
  test('is down from the start: calls are refused, and succeed once it is there', async () => {
    const redis = await server()
    await redis.kill()
    const sessions = open(redis.url)
    const kept = session()
    await expectRefusals(calls(sessions, kept))
    await redis.restart()
    await untilBack(sessions)
    await sessions.create(kept)
    expect(await sessions.find(where(kept), kept.id)).toEqual(kept)
  })

  test('is killed and comes back empty: open uploads are gone, new ones go on, the script is loaded again', async () => {
    const redis = await server()
    const outages: Error[] = []
    const sessions = open(redis.url, (error) => outages.push(error))
    const kept = session()
    await sessions.create(kept)
    await redis.kill()
    for (let round = 0; round < 3; round++) await expectRefusals(calls(sessions, kept))
    await redis.restart()
    await untilBack(sessions)
    expect(await sessions.find(where(kept), kept.id)).toBeUndefined()
    expect(await sessions.advance(kept, { ...kept, version: 2 })).toBe(false)
    await sessions.create(kept)
    expect(await sessions.advance(kept, { ...kept, version: 2 })).toBe(true)
    expect(outages).toHaveLength(1)
  })

  test('hangs: calls are refused, for as long as it does, and what it knew is there afterwards', async () => {
    const redis = await server()
    const sessions = open(redis.url)
    const [kept, doomed] = [session(), session()]
    await sessions.create(kept)
    await sessions.create(doomed)
    redis.pause()
    for (let round = 0; round < 5; round++) await expectRefusals(calls(sessions, doomed))
    redis.resume()
    await untilBack(sessions)
    expect(await sessions.find(where(kept), kept.id)).toEqual(kept)
    expect(await sessions.advance(kept, { ...kept, version: 2 })).toBe(true)
  })

  test('is flushed under load: no call fails, and sessions are gone', async () => {
    const redis = await server()
    const sessions = open(redis.url)
    const kept = session()
    await sessions.create(kept)
    let isOver = false
    const load = async (): Promise<void> => {
      while (!isOver) {
        const mine = session()
        await sessions.create(mine)
        await sessions.find(where(mine), mine.id)
        await sessions.advance(mine, { ...mine, version: 2 })
        await sessions.delete(mine)
      }
    }
    const loads = Promise.all(Array.from({ length: 8 }, load))
    for (let times = 0; times < 5; times++) await redis.command('FLUSHALL')
    await redis.command('SCRIPT', 'FLUSH')
    await sleep(100)
    isOver = true
    await loads
    expect(await sessions.find(where(kept), kept.id)).toBeUndefined()
    expect(await sessions.expired(new Date(Date.now() + 10 * 3_600_000), 10)).toEqual([])
  })

  test('closes connections under load: every advance takes effect once and says so', async () => {
    const redis = await server()
    const sessions = open(redis.url)
    await sessions.check()
    let isOver = false
    const load = async (): Promise<number> => {
      let current = session()
      await sessions.create(current)
      while (!isOver) {
        const next = { ...current, version: current.version + 1 }
        expect(await sessions.advance(current, next)).toBe(true)
        current = next
      }
      return current.version
    }
    const loads = Promise.all(Array.from({ length: 8 }, load))
    for (let times = 0; times < 10; times++) {
      await redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await sleep(150)
    }
    isOver = true
    for (const version of await loads) expect(version).toBeGreaterThan(10)
  })

  test('is a replica now: calls are refused, and succeed when there is a primary again', async () => {
    const redis = await server()
    const sessions = open(redis.url)
    const kept = session()
    await sessions.create(kept)
    await redis.command('REPLICAOF', '127.0.0.1', '1')
    await expectRefusals([() => sessions.create(session()), () => sessions.advance(kept, { ...kept, version: 2 })])
    await redis.command('REPLICAOF', 'NO', 'ONE')
    await untilBack(sessions)
    expect(await sessions.advance(kept, { ...kept, version: 2 })).toBe(true)
  })

  test('has no memory left: what would take some is refused, what is there can be read', async () => {
    const redis = await server()
    const sessions = open(redis.url)
    const kept = session()
    await sessions.create(kept)
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    await expectRefusals([() => sessions.create(session()), () => sessions.advance(kept, { ...kept, version: 2 })])
    expect(await sessions.find(where(kept), kept.id)).toEqual(kept)
    await redis.command('CONFIG', 'SET', 'maxmemory', '0')
    expect(await sessions.advance(kept, { ...kept, version: 2 })).toBe(true)
  })

  test('wants another password: calls are refused, and no error shows the one that was given', async () => {
    const redis = await server(['--requirepass', 'the right one'])
    const outages: Error[] = []
    const sessions = open(redis.url.replace('//', '//:s3cr%40t-word@'), (error) => outages.push(error))
    const kept = session()
    const errors = await Promise.all(calls(sessions, kept).map((call) => call().catch((error: unknown) => error)))
    const shown = [...errors, ...outages].map((error) => show(error)).join('\n')
    expect(errors).toEqual(errors.map(() => expect.any(Unavailable)))
    expect(outages.length).toBeGreaterThan(0)
    expect(shown).toMatch(/WRONGPASS/)
    expect(shown).not.toMatch(/s3cr|@t-word/)
    await open(redis.url.replace('//', '//:the%20right%20one@')).check()
  })
})

suite(title('a Redis cluster of which one node fails'), () => {
  test.each(['kill', 'pause'] as const)('by %s: calls are refused or succeed, none hangs, and all succeed once it is back', async (how) => {
    const cluster = await startRedisCluster()
    closing.push(() => cluster.close())
    const sessions = open(cluster.urls)
    const kept = Array.from({ length: 60 }, session)
    await Promise.all(kept.map((one) => sessions.create(one)))
    const node = cluster.nodes[1]!
    await node[how]()
    for (let round = 0; round < 4; round++) {
      const started = performance.now()
      const found = await Promise.allSettled(kept.map((one) => sessions.find(where(one), one.id)))
      expect(performance.now() - started).toBeLessThan(1_500)
      for (const result of found) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(Unavailable)
      if (round === 0) expect(found.some(({ status }) => status === 'rejected')).toBe(true)
      await sleep(300)
    }
    if (how === 'pause') node.resume()
    else await node.restart()
    const until = performance.now() + 10_000
    const all = (): Promise<boolean> =>
      Promise.all(kept.map((one) => sessions.find(where(one), one.id))).then(
        () => true,
        () => false,
      )
    while (!(await all()) && performance.now() < until) await sleep(50)
    expect(await all()).toBe(true)
  })
})

/** An error and all that hangs on it, as a log might write it. */
function show(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error)
  const members = Object.getOwnPropertyNames(error).map((name) => {
    const value = (error as unknown as Readonly<Record<string, unknown>>)[name]
    return `${name}: ${value instanceof Error ? show(value) : JSON.stringify(value)}`
  })
  return `${error.name} ${members.join(' ')}`
}
