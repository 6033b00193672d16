import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { serverAccount } from './account.ts'
import { databaseAddress } from './postgres.ts'
import { isAlive, readPostmaster } from './postmaster.ts'
import { socketFolder } from './socket-folder.ts'

/**
 * The address of the PostgreSQL that runs on this data folder, whoever started it, in the form of DATABASE_URL; undefined where none
 * answers. Only its own account and root can connect to it.
 */
export async function runningPostgres(folder: string): Promise<string | undefined> {
  const serverFolder = join(await realpath(folder), 'postgres')
  const found = await readPostmaster(serverFolder)
  if (found === undefined || !found.ready || !isAlive(found.pid)) return undefined
  return databaseAddress(await socketFolder(serverFolder, await serverAccount(serverFolder)))
}
