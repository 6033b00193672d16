import type { PortableHashes } from '@roadstead/distribution/portable-hash.ts'
import type { UploadSessions } from '@roadstead/distribution/upload-sessions.ts'
import { createSignInLimits, defaultSignInLimits } from '@roadstead/identity/sign-in-limits.ts'
import type { SignInLimits } from '@roadstead/identity/sign-in-limits.ts'
import type { HealthCheck } from '@roadstead/runtime/health.ts'
import type { Log } from '@roadstead/runtime/log.ts'
import { createInProcessSessions } from '@roadstead/upload-sessions/in-process.ts'
import type { Config } from './config.ts'

/** What all processes have to have in common beside the database: in Redis where one is set, else this is the only process. */
export interface Shared {
  readonly sessions: UploadSessions
  readonly portableHashes?: PortableHashes
  readonly signInLimits: SignInLimits
  readonly checks: readonly HealthCheck[]
  readonly close: () => Promise<void>
}

export async function openShared({ redisUrl }: Pick<Config, 'redisUrl'>, log: Log): Promise<Shared> {
  if (redisUrl === undefined) {
    return { sessions: createInProcessSessions({ now }), signInLimits: createSignInLimits(), checks: [], close: async () => undefined }
  }
  const [{ connectRedis }, { createRedisSessions }, { loadPortableHashes }] = await Promise.all([
    import('@roadstead/upload-sessions/redis-connection.ts'),
    import('@roadstead/upload-sessions/redis.ts'),
    import('@roadstead/upload-sessions/portable-hash.ts'),
  ])
  const redis = connectRedis({ url: redisUrl, onOutage: (error) => log.warn('the connection to Redis is lost', { error }) })
  const sessions = createRedisSessions({ redis, now })
  return {
    sessions,
    portableHashes: await loadPortableHashes(),
    signInLimits: createSignInLimits(defaultSignInLimits, { redis: redis.client }),
    checks: [{ name: 'the store of upload sessions', check: sessions.check }],
    close: sessions.close,
  }
}

function now(): Date {
  return new Date()
}
