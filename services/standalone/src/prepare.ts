import type { Database } from '@roadstead/metadata/database.ts'
import { createMetadata } from '@roadstead/metadata/metadata.ts'
import { freePort } from '@roadstead/runtime/listen.ts'
import type { Log } from '@roadstead/runtime/log.ts'
import { migratePatiently } from './connect-database.ts'
import type { Config } from './config.ts'
import { ensureFirstRegistry } from './first-registry.ts'
import type { FirstPassword } from './first-registry.ts'
import { prepareStorage } from './storage.ts'
import type { Registry } from '@roadstead/oci/registry.ts'

/** What one process does for all that start together. */
export interface Prepared {
  readonly migrations: readonly string[]
  readonly first: { readonly registry: Registry; readonly password: FirstPassword } | undefined
  /** Where all of them listen; never 0. */
  readonly port: number
  /** Milliseconds after the start of the process. */
  readonly databaseReady: number
}

export async function prepare(config: Config, database: Database, log: Log): Promise<Prepared> {
  const migrations = await migratePatiently(database, log)
  const databaseReady = performance.now()
  await prepareStorage({ dataFolder: config.dataFolder, address: config.storage })
  const first =
    config.firstRegistry &&
    (await ensureFirstRegistry(createMetadata(database), {
      ...config.firstRegistry,
      storage: config.storage,
      password: config.adminPassword,
    }))
  const port = config.port === 0 ? await freePort(config.host) : config.port
  return { migrations, first, port, databaseReady }
}

/** The settings of a process that listens on that port. */
export function atPort(config: Config, port: number): Config {
  const { publicAddress } = config
  return { ...config, port, publicAddress: publicAddress.port === 0 ? { ...publicAddress, port } : publicAddress }
}
