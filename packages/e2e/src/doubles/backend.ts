import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startRedis } from '@roadstead/testing/redis-server.ts'
import type { TestRedis } from '@roadstead/testing/redis-server.ts'
import type { Storage } from '../crash/points.ts'
import type { ObjectStore } from './object-store.ts'
import { databaseUrl, startPostgres } from './postgres.ts'
import type { TestPostgres } from './postgres.ts'

/** What servers under test stand on. */
export interface Backend {
  readonly name: string
  readonly storage: Storage
  /** Upload sessions are in Redis, and survive the server. */
  readonly hasRedis: boolean
  readonly environment: NodeJS.ProcessEnv
  stop(): Promise<void>
}

const one = { ROADSTEAD_WORKERS: '1' }

/** Files, a PostgreSQL, and upload sessions in the process. */
export async function filesystemBackend(folder: string): Promise<Backend> {
  const postgres = await startPostgres(folder)
  return {
    name: 'filesystem',
    storage: 'filesystem',
    hasRedis: false,
    environment: { ...one, ...filesIn(folder), DATABASE_URL: databaseUrl(postgres.port) },
    stop: () => postgres.stop('immediate'),
  }
}

/** Object storage, a PostgreSQL and a Redis: how replicas run. */
export async function objectBackend(folder: string, startStore: (folder: string) => Promise<ObjectStore>): Promise<Backend> {
  const store = await startStore(folder)
  const { environment, stop } = await startShared(folder)
  return {
    name: store.storage,
    storage: store.storage,
    hasRedis: true,
    environment: { ...one, ...environment, ...store.environmentAt(store.port) },
    stop: async () => void (await Promise.all([store.stop(), stop()])),
  }
}

/** What replicas share beside the bytes. */
export interface Shared {
  readonly postgres: TestPostgres
  readonly redis: TestRedis
  readonly environment: NodeJS.ProcessEnv
  stop(): Promise<void>
}

export async function startShared(folder: string): Promise<Shared> {
  mkdirSync(folder, { recursive: true })
  const postgres = await startPostgres(folder)
  const redis = await startRedis()
  return {
    postgres,
    redis,
    environment: { DATABASE_URL: databaseUrl(postgres.port), REDIS_URL: redis.url },
    stop: async () => void (await Promise.all([postgres.stop('immediate'), redis.close()])),
  }
}

export const filesIn = (folder: string): NodeJS.ProcessEnv => ({ ROADSTEAD_STORAGE: `file://${join(folder, 'blobs')}` })
