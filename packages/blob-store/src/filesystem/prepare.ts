import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, open, readFile, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { storageFailure } from './failure.ts'
import { markerName } from './folders.ts'

/**
 * Makes `folder` ready for `createFilesystemStore`, at start-up; may be repeated, and by several processes at once. Throws an
 * Error that says what is wrong with a folder on which an acknowledged upload would not survive: some network and overlay file
 * systems pretend to sync or cannot replace a name.
 */
export async function prepareFolder(folder: string): Promise<void> {
  const probe = join(folder, `.probe-${randomBytes(8).toString('hex')}`)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeAndSync(probe, 'first')
    await writeAndSync(`${probe}-next`, 'second')
    await rename(`${probe}-next`, probe)
    await syncFolder(folder)
    if ((await readFile(probe, 'utf8')) !== 'second') throw new Error('a renamed file did not replace the one of that name')
    await (await open(join(folder, markerName), 'a', 0o600)).close()
    await syncFolder(folder)
  } catch (cause) {
    throw new Error(`${folder} cannot keep blobs: ${(cause as Error).message}`, { cause })
  } finally {
    await rm(probe, { force: true }).catch(() => {})
    await rm(`${probe}-next`, { force: true }).catch(() => {})
  }
}

/** For readiness: the bytes that are free for this account. Throws `Unavailable` where the folder is missing or not writable. */
export async function checkFolder(folder: string): Promise<{ readonly freeBytes: number }> {
  try {
    await stat(join(folder, markerName))
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    const { bavail, bsize } = await statfs(folder)
    return { freeBytes: bavail * bsize }
  } catch (error) {
    throw storageFailure(error)
  }
}

async function writeAndSync(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.write(content)
    await file.datasync()
  } finally {
    await file.close()
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
