import { spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Target } from '@roadstead/e2e/runner/target.ts'

export interface Peer extends Target {
  readonly pid: number
  readonly startedInMs: number
  stop(): Promise<void>
}

export interface PeerOptions {
  readonly program: string
  readonly folder: string
  readonly port: number
  /** Checks a password on every request, where named; otherwise everybody may do everything. */
  readonly htpasswd?: string
}

const ACCOUNT = { user: 'bench', password: 'bench' }

/**
 * Debian's docker-registry (Distribution 2.8) on a folder, logging errors only. Its token authentication wants a server of
 * its own; what it has built in is a password file, with bcrypt at its lowest cost here.
 */
export async function startDistribution(options: PeerOptions): Promise<Peer> {
  mkdirSync(options.folder, { recursive: true })
  const auth =
    options.htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'bench', path: passwordFile(options.htpasswd, options.folder) } } }
  const config = join(options.folder, 'config.yml')
  // JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({
      version: 0.1,
      log: { level: 'error', accesslog: { disabled: true } },
      storage: {
        filesystem: { rootdirectory: join(options.folder, 'data') },
        cache: { blobdescriptor: 'inmemory' },
        delete: { enabled: true },
      },
      http: { addr: `127.0.0.1:${options.port}` },
      ...auth,
    }),
  )
  const log = openSync(join(options.folder, 'registry.log'), 'a')
  const start = performance.now()
  const child = spawn(options.program, ['serve', config], { stdio: ['ignore', log, log] })
  closeSync(log)
  const ended = new Promise<void>((settle) => child.on('close', () => settle()).on('error', () => settle()))
  while (!(await answers(options.port))) {
    if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}, see ${options.folder}/registry.log`)
    await sleep(5)
  }
  return {
    ...ACCOUNT,
    host: `localhost:${options.port}`,
    pid: child.pid ?? 0,
    startedInMs: performance.now() - start,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}

function passwordFile(htpasswd: string, folder: string): string {
  const file = join(folder, 'htpasswd')
  const made = spawnSync(htpasswd, ['-Bbn', '-C', '4', ACCOUNT.user, ACCOUNT.password], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`htpasswd ended with ${made.status}: ${made.stderr}`)
  writeFileSync(file, made.stdout)
  return file
}

async function answers(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/v2/`)
    return true
  } catch {
    return false
  }
}
