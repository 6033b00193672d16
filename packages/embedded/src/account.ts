import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** The uid and gid that PostgreSQL runs under, where they are not our own: it refuses to run as root. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

const nobody: Account = { uid: 65534, gid: 65534 }

/** Who owns the server's folder, or is to own it. Undefined where we are not root: then everything is ours. */
export async function serverAccount(serverFolder: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const owner = await stat(serverFolder).catch(() => undefined)
  return owner === undefined || owner.uid === 0 ? nobody : { uid: owner.uid, gid: owner.gid }
}

/** The program and arguments that run `command` under `account`; `reads` are the folders it has to reach. */
export interface RunAs {
  readonly command: string
  readonly arguments: readonly string[]
  readonly account: Account | undefined
}

/**
 * Root's home and folders of `mktemp -d` are closed to everybody else, and a clone may well lie there. Then util-linux's setpriv
 * gives the account the one capability that lets it through, instead of us opening folders that are not ours.
 */
export async function runAs(
  account: Account | undefined,
  reads: readonly string[],
  command: string,
  args: readonly string[],
): Promise<RunAs> {
  const closed = account === undefined ? undefined : await firstClosed(account, reads)
  if (account === undefined || closed === undefined) return { command, arguments: args, account }
  const setpriv = await firstExecutable(['/usr/bin/setpriv', '/bin/setpriv'])
  if (setpriv === undefined) {
    throw new Error(
      `PostgreSQL does not run as root, and uid ${account.uid} cannot enter ${closed}: run Roadstead as another user, ` +
        `choose a ROADSTEAD_DATA_DIR that everybody may enter, or set DATABASE_URL`,
    )
  }
  const capability = '+dac_override'
  const wrapped = [
    `--reuid=${account.uid}`,
    `--regid=${account.gid}`,
    '--clear-groups',
    `--inh-caps=${capability}`,
    `--ambient-caps=${capability}`,
  ]
  return { command: setpriv, arguments: [...wrapped, command, ...args], account: undefined }
}

async function firstClosed(account: Account, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    for (let folder = path; ; folder = dirname(folder)) {
      const { uid, gid, mode } = await stat(folder)
      const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
      if ((mode & bit) === 0) return folder
      if (folder === dirname(folder)) break
    }
  }
  return undefined
}

async function firstExecutable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  return undefined
}
