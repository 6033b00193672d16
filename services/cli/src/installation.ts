import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobStore } from '@roadstead/distribution/blob-store.ts'
import { lockFolder } from '@roadstead/embedded/lock.ts'
import type { FolderLock } from '@roadstead/embedded/lock.ts'
import { startPostgres } from '@roadstead/embedded/postgres.ts'
import { runningPostgres } from '@roadstead/embedded/running.ts'
import { openDatabase } from '@roadstead/metadata/database.ts'
import type { Database } from '@roadstead/metadata/database.ts'
import { createMetadata } from '@roadstead/metadata/metadata.ts'
import type { AllFacts } from '@roadstead/metadata/metadata.ts'
import { migrate, pendingMigrations } from '@roadstead/metadata/migrate.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { Config } from '@roadstead/standalone-service/config.ts'
import { createStorage } from '@roadstead/standalone-service/storage.ts'

/** The database and the storage of an installation, whether its server runs or not. */
export interface Installation {
  readonly database: Database
  readonly facts: AllFacts
  readonly blobStore: (registry: Registry) => BlobStore
  /** Address of the storage account for new registries. */
  readonly storage: string
  close(): Promise<void>
}

/** The installation cannot be looked at. The message says why and what to do. */
export class CannotOpen extends Error {
  override readonly name = 'CannotOpen'
}

interface Server {
  readonly url: string
  readonly end: () => Promise<void>
}

/** Opens what the settings name. Throws `CannotOpen`. The embedded database is started for as long as it is needed, where no server runs it. */
export async function openInstallation(config: Config): Promise<Installation> {
  const server =
    config.databaseUrl === undefined ? await embeddedServer(config.dataFolder) : { url: config.databaseUrl, end: async () => undefined }
  const database = openDatabase({ url: server.url, connections: 8 })
  const close = async (): Promise<void> => {
    await database.close()
    await server.end()
  }
  try {
    await refuseOtherSchema(database)
  } catch (error) {
    await close()
    throw error
  }
  const { storeOf } = createStorage({ dataFolder: config.dataFolder, address: config.storage, credentials: config.storageCredentials })
  return { database, facts: createMetadata(database), blobStore: storeOf, storage: config.storage, close }
}

/** A new embedded database with the schema of this version. */
export async function createEmbedded(folder: string): Promise<Pick<Installation, 'database' | 'close'>> {
  const lock = await lockFolder(folder).catch((cause: unknown) => {
    throw new CannotOpen((cause as Error).message, { cause })
  })
  const server = await startEmbedded(folder, lock)
  const database = openDatabase({ url: server.url, connections: 2 })
  await migrate(database)
  return {
    database,
    async close() {
      await database.close()
      await server.end()
    },
  }
}

async function refuseOtherSchema(database: Database): Promise<void> {
  const pending = await pendingMigrations(database).catch((cause: unknown) => {
    throw new CannotOpen(reasonsOf(cause).join(': '), { cause })
  })
  if (pending.length === 0) return
  throw new CannotOpen(
    `the database has the schema of another version, ${pending.join(' and ')} did not run yet: start this Roadstead on it once`,
  )
}

async function embeddedServer(folder: string): Promise<Server> {
  if (!(await exists(join(folder, 'postgres')))) {
    throw new CannotOpen(`there is no database in ${folder}: name the data folder with --data-dir, or the database with --database-url`)
  }
  const lock = await lockFolder(folder).catch((error: unknown) => error as Error)
  if (!(lock instanceof Error)) return startEmbedded(folder, lock)
  // Somebody has it: then its database runs.
  const url = await runningPostgres(folder)
  if (url === undefined) throw new CannotOpen(lock.message, { cause: lock })
  return { url, end: async () => undefined }
}

async function startEmbedded(folder: string, lock: FolderLock): Promise<Server> {
  try {
    const postgres = await startPostgres({ folder })
    return {
      url: postgres.url,
      async end() {
        await postgres.stop()
        lock.release()
      },
    }
  } catch (cause) {
    lock.release()
    throw new CannotOpen(`the database in ${folder} cannot be started: ${(cause as Error).message}`, { cause })
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** The message and those of its causes, without saying anything twice. */
export function reasonsOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [String(error)]
  const message = error.message === '' ? ((error as NodeJS.ErrnoException).code ?? error.name) : error.message
  return [...new Set([message, ...(error.cause === undefined ? [] : reasonsOf(error.cause))])]
}
