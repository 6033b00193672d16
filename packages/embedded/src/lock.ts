import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export interface FolderLock {
  release(): void
}

/**
 * Takes a data folder for this process alone, or throws a sentence that names the holder. It is the kernel's lock on an open file, by
 * way of Node's own SQLite: it ends with its process however that ends, so there is no stale lock and no race about taking one over.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true })
  const path = await realpath(folder)
  const holderFile = join(path, 'lock.pid')
  const lock = new DatabaseSync(join(path, 'lock'))
  try {
    lock.exec('PRAGMA busy_timeout = 0')
    lock.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    if (!isBusy(cause)) throw new Error(`the data folder ${path} cannot be locked`, { cause })
    // The pid is for the reader only; the lock itself decides. It may not be written yet when two start in the same moment.
    const holder = (await readFile(holderFile, 'utf8').catch(() => '')).trim()
    throw new Error(
      `another Roadstead${holder === '' ? '' : ` (process ${holder})`} is running on the data folder ${path}: stop it first, or set ROADSTEAD_DATA_DIR`,
      {
        cause,
      },
    )
  }
  await writeFile(holderFile, `${process.pid}\n`)
  return { release: () => lock.close() }
}

function isBusy(error: unknown): boolean {
  const busy = 5
  return (error as { readonly errcode?: number }).errcode === busy
}
