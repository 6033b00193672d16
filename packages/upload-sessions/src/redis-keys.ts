import { createHash } from 'node:crypto'
import type { UploadSession } from '@roadstead/distribution/upload-sessions.ts'

/** Where a session lies. Both keys are in one slot of a cluster, so that one script can change both. */
export interface SessionKeys {
  readonly session: string
  /** A sorted set: the sessions of one bucket by the time at which they expire. */
  readonly index: string
  /** The session's name in it. */
  readonly member: string
}

export interface RedisKeys {
  keysOf(registry: UploadSession['registry'], repository: string, id: string): SessionKeys
  /** The indexes of all buckets. */
  readonly indexes: readonly string[]
  /** The session that a member of an index names; undefined for a member that `keysOf` did not make. */
  sessionOf(index: string, member: string): string | undefined
}

/** Enough that the work spreads over the nodes of a large cluster, few enough that the sweeper can ask each of them. */
const buckets = 32

/** Goes up with every change to keys or values, so that two versions of the program side by side do not read each other's. */
const format = 1

/** A repository's name and an id come from clients, so they are only there as a hash. Neither holds a space before the one between them. */
export function redisKeys(prefix: string): RedisKeys {
  const bucketOf = (bucket: number): string => `${prefix}:${format}:{${bucket}}`
  const indexOf = (bucket: number): string => `${bucketOf(bucket)}:expiry`
  return {
    keysOf(registry, repository, id) {
      const hash = createHash('sha256').update(`${repository} ${id}`).digest()
      const bucket = hash[0]! % buckets
      const member = `${registry}:${hash.toString('hex')}`
      return { session: `${bucketOf(bucket)}:${member}`, index: indexOf(bucket), member }
    },
    indexes: Array.from({ length: buckets }, (_, bucket) => indexOf(bucket)),
    sessionOf: (index, member) => (/^[0-9]+:[0-9a-f]{64}$/.test(member) ? `${index.slice(0, -'expiry'.length)}${member}` : undefined),
  }
}
