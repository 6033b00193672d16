import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { UploadSession } from '@roadstead/distribution/upload-sessions.ts'
import type { RegistryId, Repository } from '@roadstead/oci/registry.ts'
import { redisMissing, startRedis, startRedisCluster } from '@roadstead/testing/redis-server.ts'
import { connectRedis } from './redis-connection.ts'
import { redisKeys } from './redis-keys.ts'
import { createRedisSessions } from './redis.ts'
import type { RedisSessions } from './redis.ts'
import { describeUploadSessions, sessionOf } from './testing/contract.ts'

interface Started {
  /** As settings name it. */
  readonly url: string
  command(...words: readonly string[]): Promise<string>
  close(): Promise<void>
}

const single = async (): Promise<Started> => startRedis()

/** Commands go to the node that has the key. */
const cluster = async (): Promise<Started> => {
  const { urls, nodes, close } = await startRedisCluster()
  return { url: urls, close, command: (...words) => nodes[0]!.command('-c', ...words) }
}

const suite = redisMissing === undefined ? describe : describe.skip
const kinds = [
  ['a single Redis', single],
  ['a cluster of three', cluster],
] as const

suite.each(kinds)(`Redis, ${redisMissing ?? 'real'}: %s`, (name, start) => {
  let server: Started
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server.close())

  const open: RedisSessions[] = []
  const opened = async (now: () => Date, keyPrefix: string = randomUUID()): Promise<RedisSessions> => {
    const sessions = createRedisSessions({ redis: connectRedis({ url: server.url }), now, keyPrefix })
    open.push(sessions)
    await sessions.check()
    return sessions
  }
  // A connection that stays open would keep the process alive after a test that failed.
  afterEach(async () => void (await Promise.all(open.splice(0).map((sessions) => sessions.close()))))

  describeUploadSessions(name, async (now) => ({ sessions: await opened(now), close: async () => {} }))

  const now = (): Date => new Date(1_000)
  const inRepository = ({ registry, repository }: UploadSession): Repository =>
    ({ registry: { id: registry }, name: repository }) as unknown as Repository

  test('of twenty racing advances from two replicas one wins, each time', async () => {
    const prefix = randomUUID()
    const replicas = [await opened(now, prefix), await opened(now, prefix)]
    let before = sessionOf({ expires: 9_000 })
    await replicas[0]!.create(before)
    for (let round = 0; round < 20; round++) {
      const attempts = Array.from({ length: 20 }, (_, index) => ({ ...before, version: before.version + 1, principal: `racer ${index}` }))
      const won = await Promise.all(attempts.map((after, index) => replicas[index % 2]!.advance(before, after)))
      expect(won.filter(Boolean)).toHaveLength(1)
      before = attempts[won.indexOf(true)]!
      for (const replica of replicas) expect(await replica.find(inRepository(before), before.id)).toEqual(before)
    }
  })

  describe('values that are none of ours count as absent', () => {
    const prefix = randomUUID()
    const { keysOf, indexes } = redisKeys(prefix)
    let sessions: RedisSessions
    beforeEach(async () => {
      sessions = await opened(now, prefix)
    })

    const foreign: readonly (readonly [string, (key: string) => readonly string[]])[] = [
      ['text', (key) => ['SET', key, 'text']],
      ['an empty text', (key) => ['SET', key, '']],
      ['a cut session', (key) => ['SET', key, '1 9000 {"id":"a3bb']],
      ['a session without its members', (key) => ['SET', key, '1 9000 {}']],
      ['another session', (key) => ['SET', key, `1 9000 ${JSON.stringify(sessionOf({ id: 'another', expires: 9_000 }))}`]],
      ['a version that is not the session’s', (key) => ['SET', key, `2 9000 ${JSON.stringify(sessionOf({ expires: 9_000 }))}`]],
      ['a list', (key) => ['RPUSH', key, '1']],
      ['a hash', (key) => ['HSET', key, 'a', '1']],
    ]
    test.each(foreign)('%s', async (_, write) => {
      const session = sessionOf({ id: randomUUID(), expires: 9_000 })
      const { session: key, index, member } = keysOf(session.registry, session.repository, session.id)
      await server.command(...write(key))
      await server.command('ZADD', index, '900', member)
      expect(await sessions.find(inRepository(session), session.id)).toBeUndefined()
      expect(await sessions.expired(now(), 100)).toEqual([])
      expect(await server.command('ZCARD', index)).toBe('0')
      await sessions.delete(session)
      await sessions.create(session)
      expect(await sessions.find(inRepository(session), session.id)).toEqual(session)
      await sessions.delete(session)
    })

    test('an index that is none, and members that are none', async () => {
      const session = sessionOf({ id: randomUUID(), expires: 900 })
      const { index } = keysOf(session.registry, session.repository, session.id)
      for (const other of indexes) await server.command('SET', other, 'text')
      expect(await sessions.expired(now(), 100)).toEqual([])
      await sessions.create(session)
      for (const odd of ['', 'x', '../../x', `7:${'0'.repeat(64)}`]) await server.command('ZADD', index, '1', odd)
      expect(await sessions.expired(now(), 2)).toEqual([session])
      expect(await server.command('ZCARD', index)).toBe('1')
      await sessions.delete(session)
    })
  })

  test('nothing that a client can choose is in a key, each key is of one session, and each of one slot', async () => {
    const prefix = 'spelled-out'
    const sessions = await opened(now, prefix)
    const odd = ['plain', '{7}', '*', 'a b', '\r\nFLUSHALL\r\n', 'x'.repeat(10_000)]
    const { keysOf } = redisKeys(prefix)
    const keys = new Set<string>()
    for (const id of odd) {
      const session = sessionOf({ id, registry: 70 as RegistryId, expires: 9_000 })
      await sessions.create(session)
      const made = keysOf(session.registry, session.repository, id)
      expect(made.session).toMatch(/^spelled-out:1:\{[0-9]+\}:70:[0-9a-f]{64}$/)
      expect(await server.command('CLUSTER', 'KEYSLOT', made.session).catch(() => 'no cluster')).toBe(
        await server.command('CLUSTER', 'KEYSLOT', made.index).catch(() => 'no cluster'),
      )
      keys.add(made.session)
    }
    expect(keys.size).toBe(odd.length)
  })

  test('a session stays for the sweeper for three days after its end, and then goes by itself', async () => {
    const prefix = randomUUID()
    const sessions = await opened(now, prefix)
    const session = sessionOf({ expires: 61_000 })
    await sessions.create(session)
    const life = Number(await server.command('PTTL', redisKeys(prefix).keysOf(session.registry, session.repository, session.id).session))
    expect(life).toBeGreaterThan(3 * 86_400_000)
    expect(life).toBeLessThanOrEqual(3 * 86_400_000 + 60_000)
  })

  test('of 50,000 expired sessions as many are read as were asked for, the oldest first', async () => {
    const prefix = randomUUID()
    const sessions = await opened(now, prefix)
    const total = 50_000
    for (let done = 0; done < total; done += 1_000) {
      const batch = Array.from({ length: 1_000 }, (_, index) => sessionOf({ id: String(done + index), expires: done + index }))
      await Promise.all(batch.map((session) => sessions.create(session)))
    }
    const late = new Date(total)
    const reads = async (): Promise<number> => {
      const counts = await Promise.all(['get', 'zrangebyscore'].map((command) => callsOf(server, command)))
      return counts.reduce((sum, count) => sum + count)
    }
    const before = await reads()
    const found = await sessions.expired(late, 100)
    if (name === 'a single Redis') expect((await reads()) - before).toBe(32 + 100)
    expect(found.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, index) => String(index)))
    await Promise.all(found.map((session) => sessions.delete(session)))
    expect((await sessions.expired(late, 1)).map(({ id }) => id)).toEqual(['100'])
  })
})

async function callsOf(server: Started, command: string): Promise<number> {
  return Number(new RegExp(`^cmdstat_${command}:calls=([0-9]+)`, 'm').exec(await server.command('INFO', 'commandstats'))?.[1] ?? 0)
}
