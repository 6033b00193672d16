import { createHash } from 'node:crypto'
import { chmod, chown, lstat, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Account } from './account.ts'

/** Bytes of a socket's path: 108 on Linux, 104 on macOS, and the final zero. */
const pathLimit = 103

const socketName = '.s.PGSQL.5432'

/** Where the server puts its socket: its own folder, or a private one with a short name where that path is too long for a socket. */
export async function socketFolder(serverFolder: string, account: Account | undefined): Promise<string> {
  if (Buffer.byteLength(join(serverFolder, socketName)) <= pathLimit) return serverFolder
  const short = join(tmpdir(), `roadstead-${createHash('sha256').update(serverFolder).digest('hex').slice(0, 16)}`)
  const owner = account?.uid ?? process.getuid?.() ?? 0
  await mkdir(short, { mode: 0o700 }).then(
    () => (account === undefined ? undefined : chown(short, account.uid, account.gid)),
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    },
  )
  // The name can be guessed and everybody may write to the parent: what somebody else put there is not used.
  const found = await lstat(short)
  if (!found.isDirectory() || (found.uid !== owner && found.uid !== 0)) throw new Error(`${short} belongs to somebody else: remove it`)
  await chmod(short, 0o700)
  if (account !== undefined && found.uid === 0) await chown(short, account.uid, account.gid)
  return short
}
