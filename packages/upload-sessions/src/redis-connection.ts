import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'
import type { ClusterOptions, RedisOptions } from 'ioredis'
import { parseRedisAddress } from './redis-address.ts'
import type { RedisAddress } from './redis-address.ts'

export type RedisClient = Redis | Cluster

/** Sends one command and answers the reply: text, numbers, null, or lists of these. */
export type Send = (command: string, ...words: readonly (string | number)[]) => Promise<unknown>

export interface RedisConnection {
  /** For a library that speaks with Redis itself. While there is no connection it refuses at once, or is not `ready`. */
  readonly client: RedisClient
  /**
   * Does `work` on a connection that is up, within a second or not at all: then it throws an Error. If the connection breaks, `work` is done
   * once more with `again` true, and what it sent before may have been carried out or not. A command that was given up may still be
   * carried out, when a server that hung wakes up.
   */
  run<Result>(work: (send: Send, again: boolean) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

export interface RedisSettings {
  /** See `parseRedisAddress`. */
  readonly url: string
  /** Hears of each outage once, when it begins. */
  readonly onOutage?: (error: Error) => void
}

/** Milliseconds. Together they keep every call under a second, and bring a connection back within five after the server is. */
const limits = { call: 950, command: 500, up: 400, connect: 2_000, silence: 2_000, goodbye: 200, pause: 1_000, notice: 20 }

/** Begins to connect and goes on with that until `close`; nothing it does later makes an unhandled error. */
export function connectRedis({ url, onOutage }: RedisSettings): RedisConnection {
  const client = open(parseRedisAddress(url))
  const up = watch(client, onOutage)
  const send: Send = (command, ...words) => client.call(command, ...words)

  const attempt = async <Result>(work: (send: Send, again: boolean) => Promise<Result>): Promise<Result> => {
    await up.wait()
    try {
      return await work(send, false)
    } catch (error) {
      if (!isBroken(error)) throw error
      // The client notices a little later than the command.
      await sleep(limits.notice)
      await up.wait()
      return await work(send, true)
    }
  }

  return {
    client,
    run: (work) => within(limits.call, attempt(work).catch(throwPlain)),
    async close() {
      up.stop()
      const ended = client.status === 'ready' ? new Promise((resolve) => client.once('end', resolve)) : undefined
      client.disconnect()
      await Promise.race([ended, sleep(2 * limits.goodbye)])
    },
  }
}

function open({ nodes, isCluster, username, password, database, tls }: RedisAddress): RedisClient {
  const options = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls }),
    // The same shapes of replies from every server; nothing here needs those of version 3.
    protocol: 2 as const,
    connectTimeout: limits.connect,
    commandTimeout: limits.command,
    // A peer that went without a word would otherwise hold the connection for as long as the kernel sends again: minutes.
    socketTimeout: limits.silence,
    disconnectTimeout: limits.goodbye,
    // The library must not send anything twice on its own: of a compare-and-set, the second would lose against the first.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // After a failover the old primary answers so, on the connection that was made to it.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  } satisfies RedisOptions
  if (!isCluster) {
    const retryStrategy = (times: number): number => Math.min(50 * times, limits.pause)
    return new Redis({ ...options, ...nodes[0]!, db: database, enableOfflineQueue: false, retryStrategy })
  }
  const cluster = {
    redisOptions: options,
    retryDelayOnFailover: 0,
    maxRedirections: 5,
    slotsRefreshTimeout: limits.command,
    slotsRefreshInterval: 2_000,
    clusterRetryStrategy: (times) => Math.min(50 * times, limits.pause),
    // Certificates name hosts, not their addresses.
    ...(tls !== undefined && { dnsLookup: (host, answer) => answer(null, host) }),
  } satisfies ClusterOptions
  return new Cluster([...nodes], cluster)
}

/** Follows whether there is a connection. */
function watch(
  client: RedisClient,
  onOutage: RedisSettings['onOutage'],
): { readonly wait: () => Promise<void>; readonly stop: () => void } {
  let last: Error | undefined
  let isReported = false
  // One promise for all who wait: an outage under load must not add a listener for each request.
  let next: Promise<void> | undefined
  const report = (error: Error): void => {
    last = error
    if (!isReported) onOutage?.(error)
    isReported = true
  }
  client.on('ready', () => {
    last = undefined
    isReported = false
  })
  // Also keeps the library from ending the process: an error that nobody listens to is thrown.
  client.on('error', (error: unknown) => report(plain(error)))
  client.on('close', () => report(last ?? new Error('the connection to Redis was closed')))
  return {
    async wait() {
      if (client.status === 'ready') return
      next ??= new Promise<void>((resolve) => {
        client.once('ready', () => {
          next = undefined
          resolve()
        })
      })
      await within(limits.up, next).catch(() => {
        throw new Error(`no connection to Redis${last === undefined ? '' : `: ${last.message}`}`)
      })
    },
    stop: () => void (isReported = true),
  }
}

/** The connection went away: neither did the server refuse the command, nor did it hang. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && error.name !== 'ReplyError' && error.message !== 'Command timed out'
}

function throwPlain(error: unknown): never {
  throw plain(error)
}

/** Errors of the library carry the words of the command: keys, values, the password. */
function plain(error: unknown): Error {
  const made = new Error(error instanceof Error ? error.message : String(error))
  const code = (error as { readonly code?: unknown } | undefined)?.code
  return typeof code === 'string' ? Object.assign(made, { code }) : made
}

async function within<Result>(milliseconds: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds)
  })
  try {
    return await Promise.race([work, end])
  } finally {
    clearTimeout(timer)
  }
}
