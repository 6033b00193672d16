import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdir, open, readFile, realpath, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runAs, serverAccount } from './account.ts'
import type { Account } from './account.ts'
import { postgresBinaries } from './binaries.ts'
import { createCluster } from './cluster.ts'
import { endLeftover, readPostmaster } from './postmaster.ts'
import { serverSettings } from './settings.ts'
import { socketFolder } from './socket-folder.ts'

export interface PostgresOptions {
  /** The data folder. The server's own folder `postgres` and its log `postgres.log` are made in it. Hold its lock while it runs. */
  readonly folder: string
  readonly log?: (message: string) => void
  /** Off only for data that nobody will miss. */
  readonly fsync?: boolean
  /** More of PostgreSQL's settings. */
  readonly settings?: Readonly<Record<string, string>>
  /** Called when the server ends without `stop` or `kill`. */
  readonly onExit?: (reason: string) => void
}

export interface RunningPostgres {
  /** `host` is the folder of its unix socket; only its own account and root can connect. */
  readonly connection: { readonly host: string; readonly database: string; readonly user: string }
  /** The same as one text, in the form of DATABASE_URL. */
  readonly url: string
  readonly pid: number
  /** Ends sessions, writes everything down, and resolves when the server is gone. May be called again. */
  stop(): Promise<void>
  /** Ends it at once; the next start recovers from the log. For tests. */
  kill(): Promise<void>
}

const database = 'postgres'
const user = 'roadstead'
const logLimit = 10 * 1024 * 1024
const startLimit = 300_000
const leftoverLimit = 10_000

/** Starts the PostgreSQL of this data folder, which it makes on the first start, and resolves when it answers. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { fsync = true, log = () => undefined } = options
  await mkdir(options.folder, { recursive: true })
  const folder = await realpath(options.folder)
  const serverFolder = join(folder, 'postgres')
  const binaries = await realpath(postgresBinaries())
  const account = await serverAccount(serverFolder)
  await createCluster({ binaries, folder, serverFolder, account, fsync })
  await endLeftover(serverFolder, log)
  const host = await socketFolder(serverFolder, account)
  const settings = serverSettings({ socketFolder: host, fsync, more: options.settings ?? {} })
  const logFile = join(folder, 'postgres.log')
  for (let waited = 0; ; waited += 100) {
    const child = await launch(binaries, serverFolder, settings, account, logFile)
    const ended = exit(child)
    try {
      await answers(child, ended, serverFolder, logFile)
    } catch (error) {
      // Its sessions take a moment to notice that their postmaster was killed, and hold its memory until then.
      if (waited >= leftoverLimit || !(error as Error).message.includes('pre-existing shared memory block')) throw error
      await sleep(100)
      continue
    }
    return supervise(child, ended, host, options.onExit)
  }
}

async function launch(
  binaries: string,
  serverFolder: string,
  settings: readonly string[],
  account: Account | undefined,
  logFile: string,
): Promise<ChildProcess> {
  const run = await runAs(account, [binaries, serverFolder], join(binaries, 'postgres'), ['-D', serverFolder, ...settings])
  const size = await stat(logFile).then(
    (found) => found.size,
    () => 0,
  )
  if (size > logLimit) await rename(logFile, `${logFile}.1`)
  const output = await open(logFile, 'a', 0o600)
  try {
    // Its own process group: Ctrl-C in the terminal is meant for us, and we still need the database to drain.
    const child = spawn(run.command, run.arguments, {
      ...run.account,
      cwd: serverFolder,
      env: { LC_ALL: 'C', PATH: '/usr/bin:/bin', TZ: 'UTC' },
      stdio: ['ignore', output.fd, output.fd],
      detached: true,
    })
    child.unref()
    return child
  } finally {
    await output.close()
  }
}

/** Resolves with a sentence when the process is gone, or could not be started. */
function exit(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`))
    child.once('exit', (code, signal) => resolve(`ended with ${signal ?? `code ${code}`}`))
  })
}

async function answers(child: ChildProcess, ended: Promise<string>, serverFolder: string, logFile: string): Promise<void> {
  let reason: string | undefined
  void ended.then((text) => (reason = text))
  for (let waited = 0; waited < startLimit; waited += 5) {
    const found = await readPostmaster(serverFolder)
    if (found?.pid === child.pid && found?.ready === true) return
    if (reason !== undefined) throw new Error(`the embedded PostgreSQL ${reason}; the end of ${logFile}:\n${await tail(logFile)}`)
    await sleep(5)
  }
  child.kill('SIGQUIT')
  throw new Error(`the embedded PostgreSQL did not answer within ${startLimit / 1000} seconds; see ${logFile}`)
}

async function tail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-10).join('\n')
}

function supervise(
  child: ChildProcess,
  ended: Promise<string>,
  host: string,
  onExit: ((reason: string) => void) | undefined,
): RunningPostgres {
  let wanted = false
  void ended.then((reason) => (wanted ? undefined : onExit?.(reason)))
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    wanted = true
    child.ref()
    child.kill(signal)
    await ended
  }
  return {
    connection: { host, database, user },
    url: databaseAddress(host),
    pid: child.pid!,
    stop: () => end('SIGINT'),
    kill: () => end('SIGKILL'),
  }
}

/** `host` is the folder of the server's socket. */
export function databaseAddress(host: string): string {
  return `postgresql://${user}@localhost/${database}?host=${encodeURIComponent(host)}`
}
