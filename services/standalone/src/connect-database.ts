import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '@roadstead/metadata/database.ts'
import type { Database } from '@roadstead/metadata/database.ts'
import { migrate } from '@roadstead/metadata/migrate.ts'
import { Unavailable } from '@roadstead/oci/errors.ts'
import type { Lifecycle } from '@roadstead/runtime/lifecycle.ts'
import type { Log } from '@roadstead/runtime/log.ts'
import type { Metrics } from '@roadstead/runtime/metrics.ts'
import type { Config } from './config.ts'

/** Another process holds the data folder. The message says which, and what to do. */
export class DataFolderInUse extends Error {
  override readonly name = 'DataFolderInUse'
}

/** Milliseconds that a database which is not ours gets to come up: containers that start together do so in any order. */
const patience = 30_000

/** Opens a pool of connections; the first statement connects. */
export function openPool(url: string, { databaseConnections }: Config, log: Log, metrics: Metrics): Database {
  return openDatabase({
    url,
    connections: databaseConnections,
    onStatement: ({ milliseconds, failed }) => metrics.statement(milliseconds / 1000, failed ? 'failed' : 'done'),
    onIdleError: (error) => log.warn('an idle connection to the database broke', { error }),
  })
}

/** Takes the data folder for this process and runs the PostgreSQL in it until the end. Answers its address. */
export async function startEmbedded(config: Config, log: Log, lifecycle: Lifecycle): Promise<string> {
  const { lockFolder } = await import('@roadstead/embedded/lock.ts')
  const lock = await lockFolder(config.dataFolder).catch((cause: unknown) => {
    throw new DataFolderInUse((cause as Error).message, { cause })
  })
  lifecycle.onStop('data folder', () => lock.release(), 100)
  const { startPostgres } = await import('@roadstead/embedded/postgres.ts')
  const starting = startPostgres({
    folder: config.dataFolder,
    log: (message) => log.info(message),
    onExit: (reason) => {
      log.error('the embedded PostgreSQL ended, and so does this process', { reason })
      void lifecycle.stop('the embedded PostgreSQL ended', 1)
    },
  })
  // Also when the signal comes while it starts: nobody else would end it. Writing everything down may take longer than we have; the
  // server then goes on with it by itself.
  const stop = (): Promise<void> =>
    starting.then(
      (postgres) => postgres.stop(),
      () => undefined,
    )
  lifecycle.onStop('embedded PostgreSQL', stop, 5000)
  return (await starting).url
}

/** Brings the schema up to date, waiting for a database that does not answer yet. Answers the names of the migrations that ran. */
export async function migratePatiently(database: Database, log: Log): Promise<readonly string[]> {
  const end = performance.now() + patience
  for (;;) {
    try {
      return await migrate(database)
    } catch (error) {
      if (!(error instanceof Unavailable) || performance.now() > end) throw error
      log.warn('the database does not answer yet', { reason: error.cause instanceof Error ? error.cause.message : error.message })
      await sleep(500)
    }
  }
}
