import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gone, isAlive, readPostmaster } from '@roadstead/embedded/postmaster.ts'

/** Name of the variable by which the test run tells its workers where their database server is, or will be. */
export const folderVariable = 'ROADSTEAD_TEST_DATABASE_FOLDER'

const prefix = 'roadstead-tests-'

/** A folder for the server of a test run; the name tells whose it is. */
export function serverFolderOf(pid: number): string {
  return join(tmpdir(), `${prefix}${pid}`)
}

/** Ends the server, if the run ever needed one, and removes all it wrote. */
export async function removeServer(folder: string): Promise<void> {
  const found = await readPostmaster(join(folder, 'postgres')).catch(() => undefined)
  if (found !== undefined && isAlive(found.pid)) {
    process.kill(found.pid, 'SIGQUIT')
    await gone(found.pid, 10_000)
  }
  await rm(folder, { recursive: true, force: true })
}

/** A run that was killed could not clean up: the next one does it. */
export async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue
    const pid = Number(name.slice(prefix.length))
    if (Number.isInteger(pid) && pid > 0 && !isAlive(pid)) await removeServer(join(tmpdir(), name))
  }
}
