import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { RegistryId } from '@roadstead/oci/registry.ts'
import { redisMissing, startRedis, startRedisCluster } from '@roadstead/testing/redis-server.ts'
import type { TestRedis } from '@roadstead/testing/redis-server.ts'
import { connectRedis } from '@roadstead/upload-sessions/redis-connection.ts'
import { createSignInLimits } from './sign-in-limits.ts'
import type { SignInLimits, SignInPlace } from './sign-in-limits.ts'

const suite = redisMissing === undefined ? describe : describe.skip
const title = (what: string): string => `${what} (${redisMissing ?? 'real'})`

const place: SignInPlace = { registry: 1 as RegistryId, account: 'myregistry', address: '192.0.2.1' }
const tooMany = { code: 'TOOMANYREQUESTS' }

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

interface Replica {
  readonly limits: SignInLimits
  /** Resolves when its connection answers. */
  readonly isUp: () => Promise<void>
}

/** A replica with a connection of its own. It waits long, so that a busy machine is not taken for a Redis that does not answer. */
function open(url: string, keyPrefix: string, patience = 5_000): Replica {
  const connection = connectRedis({ url })
  closing.push(() => connection.close())
  const answers = (): Promise<boolean> =>
    connection
      .run((send) => send('PING'))
      .then(
        () => true,
        () => false,
      )
  return {
    limits: createSignInLimits({ perAccount: 3, perAddress: 5, window: 300 }, { redis: connection.client, patience, keyPrefix }),
    async isUp() {
      const until = performance.now() + 10_000
      while (!(await answers())) {
        if (performance.now() > until) throw new Error('the connection did not come up')
        await sleep(50)
      }
    },
  }
}

async function replica(url: string, keyPrefix: string): Promise<SignInLimits> {
  const { limits, isUp } = open(url, keyPrefix)
  await isUp()
  return limits
}

async function server(): Promise<TestRedis> {
  const redis = await startRedis()
  closing.push(() => redis.close())
  return redis
}

async function guess(limits: SignInLimits, at: SignInPlace, times: number): Promise<void> {
  for (let count = 0; count < times; count++) await limits.charge(at)
}

const kinds = [
  ['a single Redis', async () => (await server()).url],
  [
    'a cluster',
    async () => {
      const cluster = await startRedisCluster()
      closing.push(() => cluster.close())
      return cluster.urls
    },
  ],
] as const

suite.each(kinds)(title('sign-in limits of two replicas on %s'), (_name, start) => {
  let url: string
  let replicas: readonly [SignInLimits, SignInLimits]
  beforeEach(async () => {
    const prefix = randomUUID()
    url = await start()
    replicas = [await replica(url, prefix), await replica(url, prefix)]
  })

  test('count together, for accounts and for addresses', async () => {
    const [one, other] = replicas
    await guess(one, place, 2)
    await guess(other, place, 1)
    for (const limits of replicas) {
      await expect(limits.admit(place)).rejects.toMatchObject({ ...tooMany, retryAfter: expect.any(Number) })
      await expect(limits.charge(place)).rejects.toMatchObject(tooMany)
    }
    await other.admit({ ...place, account: 'another' })
    await guess(other, { ...place, account: 'another' }, 2)
    await expect(one.admit({ ...place, account: 'third' })).rejects.toMatchObject(tooMany)
    await one.admit({ ...place, address: '192.0.2.2' })
  })

  test('guesses made at once, at both, count as well', async () => {
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => replicas[index % 2]!.charge(place)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
  })

  test('a refund and a reset at one are known to the other', async () => {
    const [one, other] = replicas
    await guess(one, place, 3)
    await other.refund(place)
    await one.charge(place)
    await expect(one.admit(place)).rejects.toMatchObject(tooMany)
    await other.reset(place)
    await one.admit(place)
    await guess(one, place, 2)
    await other.reset(place)
    await expect(one.admit({ ...place, account: 'another' })).rejects.toMatchObject(tooMany)
  })
})

suite(title('sign-in limits on a Redis that fails'), () => {
  test.each(['kill', 'pause'] as const)('by %s: each replica counts for itself, and together again afterwards', async (how) => {
    const redis = await server()
    const replicas = ['a', 'a'].map((prefix) => open(redis.url, prefix, 100))
    const patient = ['b', 'b'].map((prefix) => open(redis.url, prefix))
    await Promise.all([...replicas, ...patient].map(({ isUp }) => isUp()))
    await redis[how]()
    for (const { limits } of replicas) {
      await limits.admit(place)
      await guess(limits, place, 3)
      await expect(limits.admit(place)).rejects.toMatchObject(tooMany)
      await limits.refund(place)
      await limits.admit(place)
      await guess(limits, place, 1)
      await expect(limits.charge(place)).rejects.toMatchObject(tooMany)
      await limits.reset(place)
      await limits.admit(place)
    }
    if (how === 'kill') await redis.restart()
    else redis.resume()
    await Promise.all(patient.map(({ isUp }) => isUp()))
    await guess(patient[0]!.limits, place, 2)
    await guess(patient[1]!.limits, place, 1)
    for (const { limits } of patient) await expect(limits.admit(place)).rejects.toMatchObject(tooMany)
  })

  test('by becoming a replica that nobody can write to: each process counts for itself', async () => {
    const redis = await server()
    const limits = await replica(redis.url, randomUUID())
    await redis.command('REPLICAOF', '127.0.0.1', '1')
    await guess(limits, place, 3)
    await expect(limits.charge(place)).rejects.toMatchObject(tooMany)
  })
})

suite(title('the keys of sign-in limits'), () => {
  test('hold nothing that a caller types', async () => {
    const redis = await server()
    const limits = await replica(redis.url, 'spelled-out')
    await limits.charge({ ...place, account: '{7} *\r\nFLUSHALL' })
    const keys = (await redis.command('KEYS', '*')).split('\n').sort()
    expect(keys).toEqual([expect.stringMatching(/^spelled-out:1:account:1 [\w-]{43} 192\.0\.2\.1$/), 'spelled-out:1:address:192.0.2.1'])
  })
})
