import type { UploadSession, UploadSessions } from '@roadstead/distribution/upload-sessions.ts'
import { Unavailable } from '@roadstead/oci/errors.ts'
import type { RedisConnection, Send } from './redis-connection.ts'
import { redisKeys } from './redis-keys.ts'
import type { RedisKeys, SessionKeys } from './redis-keys.ts'
import { put } from './redis-script.ts'
import { parseSessionText, sessionText } from './session-text.ts'

export interface RedisSessionsSettings {
  readonly redis: RedisConnection
  readonly now: () => Date
  /** What all keys begin with. */
  readonly keyPrefix?: string
}

export interface RedisSessions extends UploadSessions {
  /** Throws Unavailable where Redis does not answer. */
  check(): Promise<void>
  /** Ends the connection. */
  close(): Promise<void>
}

/** How long an expired session waits for `expired` to be asked: a weekend. What goes after it is found as bytes without a row. Milliseconds. */
const margin = 3 * 24 * 60 * 60 * 1000

/** Upload sessions that all replicas share, on a single Redis or a cluster. Every method answers or throws `Unavailable` within a second. */
export function createRedisSessions({ redis, now, keyPrefix = 'roadstead:upload' }: RedisSessionsSettings): RedisSessions {
  const keys = redisKeys(keyPrefix)
  const ask = <Result>(work: (send: Send, again: boolean) => Promise<Result>): Promise<Result> =>
    redis.run(work).catch((cause: unknown) => {
      throw new Unavailable('the store of upload sessions', { cause })
    })
  const write = (session: UploadSession, version: number | undefined): Promise<boolean> => {
    const time = now().getTime()
    const life = Math.max(0, session.expires - time) + margin
    const wanted = { version, now: time, text: sessionText(session), expires: session.expires, life }
    return ask((send, again) => put(send, keysOf(keys, session), { ...wanted, again }))
  }

  return {
    async create(session) {
      if (!(await write(session, undefined))) throw new Error(`there is an upload session ${session.id} already`)
    },

    async find({ registry, name }, id) {
      const key = keys.keysOf(registry.id, name, id).session
      const session = parseSessionText(await ask((send) => read(send, 'GET', key)))
      if (session === undefined || session.expires <= now().getTime()) return undefined
      return session.id === id && session.registry === registry.id && session.repository === name ? session : undefined
    },

    async advance(before, after) {
      const key = keysOf(keys, before).session
      if (keysOf(keys, after).session !== key || after.version <= before.version) {
        throw new Error(`session ${before.id} can only advance to a later version of itself`)
      }
      return write(after, before.version)
    },

    async delete(session) {
      const { session: key, index, member } = keysOf(keys, session)
      await ask((send) => Promise.all([send('DEL', key), read(send, 'ZREM', index, member)]))
    },

    expired: (time, limit) => ask((send) => listExpired(send, keys, time.getTime(), limit)),
    check: async () => void (await ask((send) => send('PING'))),
    close: () => redis.close(),
  }
}

/** Rounds of one call, where all that a round found was gone. The next call goes on behind them. */
const rounds = 10

/** Asks each bucket for its first ones. Members whose session is gone, or no session, leave the index, so that they do not hide others. */
async function listExpired(send: Send, keys: RedisKeys, time: number, limit: number): Promise<readonly UploadSession[]> {
  if (limit <= 0) return []
  for (let round = 0; round < rounds; round++) {
    const found = await firstMembers(send, keys, time, limit)
    const values = await Promise.all(found.map((member) => readMember(send, keys, member, time)))
    const sessions = values.filter((session) => session !== undefined)
    if (sessions.length > 0 || found.length === 0) return sessions
  }
  return []
}

interface Member {
  readonly index: string
  readonly member: string
  readonly expires: number
}

async function firstMembers(send: Send, { indexes }: RedisKeys, time: number, limit: number): Promise<readonly Member[]> {
  const lists = await Promise.all(
    indexes.map(async (index) => {
      const words = await read(send, 'ZRANGEBYSCORE', index, '-inf', time, 'WITHSCORES', 'LIMIT', 0, limit)
      return pairs(Array.isArray(words) ? words : []).map(([member, score]) => ({ index, member: String(member), expires: Number(score) }))
    }),
  )
  return lists
    .flat()
    .sort((one, other) => one.expires - other.expires)
    .slice(0, limit)
}

async function readMember(send: Send, keys: RedisKeys, { index, member }: Member, time: number): Promise<UploadSession | undefined> {
  const key = keys.sessionOf(index, member)
  const session = key && parseSessionText(await read(send, 'GET', key))
  if (session && keysOf(keys, session).session === key) {
    // Somebody whose clock is behind went on with it since the index was read.
    return session.expires <= time ? session : undefined
  }
  await send('ZREM', index, member)
  return undefined
}

/** Sends a command; a value of a kind that it is not for is as good as none. */
async function read(send: Send, command: string, ...words: readonly (string | number)[]): Promise<unknown> {
  try {
    return await send(command, ...words)
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return undefined
    throw error
  }
}

function keysOf(keys: RedisKeys, { registry, repository, id }: UploadSession): SessionKeys {
  return keys.keysOf(registry, repository, id)
}

function pairs(words: readonly unknown[]): readonly (readonly [unknown, unknown])[] {
  return Array.from({ length: words.length / 2 }, (_, index) => [words[2 * index], words[2 * index + 1]] as const)
}
