import { chmod, chown, cp, mkdir, mkdtemp, readdir, realpath, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { dumpTables, restoreTables } from '@roadstead/metadata/dump.ts'
import type { Config } from '@roadstead/standalone-service/config.ts'
import { exitCodes } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import { createEmbedded, openInstallation } from './installation.ts'
import type { Terminal } from './terminal.ts'

type Settings = Pick<Config, 'databaseUrl' | 'dataFolder'>

const notOurs = 'this is for the embedded database; use pg_dump and pg_restore for the one that DATABASE_URL names'

/** Writes the embedded database, as it is at this moment, into a folder that is not there yet. The server may go on. */
export async function dump(config: Config, folder: string, terminal: Terminal): Promise<ExitCode> {
  if (config.databaseUrl !== undefined) return refuse(terminal, notOurs)
  if (await isUsed(folder)) return refuse(terminal, `${folder} is there already and not empty`)
  const installation = await openInstallation(config)
  try {
    await whileStaged(config, async (staged) => {
      await dumpTables(installation.database, staged)
      await mkdir(folder, { recursive: true })
      // The keys that sign tokens are in it.
      await chmod(folder, 0o700)
      await cp(staged, folder, { recursive: true })
    })
  } finally {
    await installation.close()
  }
  terminal.say(`dumped the database into ${folder}; copy the blobs after this, not before`)
  return exitCodes.done
}

/** Makes the embedded database of a data folder that has none from such a folder. */
export async function restore(config: Config, folder: string, terminal: Terminal): Promise<ExitCode> {
  if (config.databaseUrl !== undefined) return refuse(terminal, notOurs)
  if (!(await isUsed(join(folder, 'schema_versions')))) return refuse(terminal, `${folder} is no dump`)
  if (await isUsed(join(config.dataFolder, 'postgres'))) {
    return refuse(terminal, `${config.dataFolder} has a database already: restore into another data folder`)
  }
  const embedded = await createEmbedded(config.dataFolder)
  try {
    await whileStaged(config, async (staged) => {
      await cp(folder, staged, { recursive: true })
      await ownByServer(config, staged)
      await restoreTables(embedded.database, staged)
    })
  } catch (error) {
    await embedded.close()
    // Half of it would look like all of it to the next start.
    await rm(join(config.dataFolder, 'postgres'), { recursive: true, force: true })
    throw error
  }
  await embedded.close()
  terminal.say(`restored the database of ${config.dataFolder}; check it with roadstead verify --deep once the blobs are there`)
  return exitCodes.done
}

/** A folder that the database server can reach, whatever account it runs under. */
async function whileStaged(config: Settings, work: (staged: string) => Promise<void>): Promise<void> {
  const staged = await mkdtemp(join(await realpath(config.dataFolder), 'dump-'))
  try {
    await ownByServer(config, staged)
    await work(staged)
  } finally {
    await rm(staged, { recursive: true, force: true })
  }
}

async function ownByServer({ dataFolder }: Settings, staged: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = await stat(join(dataFolder, 'postgres'))
  for (const path of [staged, ...(await readdir(staged)).map((name) => join(staged, name))]) await chown(path, uid, gid)
}

function refuse(terminal: Terminal, sentence: string): ExitCode {
  terminal.say(sentence)
  return exitCodes.wrongUsage
}

/** A file, or a folder with something in it. */
async function isUsed(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && (!found.isDirectory() || (await readdir(path)).length > 0)
}
