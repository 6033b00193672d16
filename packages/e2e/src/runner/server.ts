import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Target } from './target.ts'

const ROOT = resolve(import.meta.dirname, '../../../..')
const ENTRY = join(ROOT, 'services/standalone/src/main.ts')

export interface ServerOptions {
  readonly dataFolder: string
  readonly logFile: string
  readonly port: number
  readonly environment?: NodeJS.ProcessEnv
}

export interface Server extends Target {
  readonly pid: number
  readonly port: number
  readonly startedInMs: number
  /** Resolves with the exit code, or the signal's name, whenever the process ends. */
  readonly ended: Promise<number | string>
  /** SIGTERM; resolves with the exit code once it drained and ended. */
  stop(): Promise<number | string>
  /** SIGKILL: no chance to tidy up. */
  kill(): Promise<void>
}

export const LOGIN_SERVER = 'myregistry-contoso.localhost'
const ADMIN = { user: 'myregistry', password: 'correct-horse-battery-staple' }
const READY_WITHIN_MS = 60_000

/** Starts Roadstead on embedded defaults and waits until it is ready. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const start = performance.now()
  const { child, ended } = launch(options)
  const base = `http://127.0.0.1:${options.port}`
  let over: number | string | undefined
  void ended.then((code) => (over = code))
  while (!(await ready(base))) {
    if (over !== undefined) throw new Error(`Roadstead ended with ${over} before it was ready:\n${logTail(options.logFile)}`)
    if (performance.now() - start > READY_WITHIN_MS) {
      child.kill('SIGKILL')
      throw new Error(`Roadstead was not ready within ${READY_WITHIN_MS / 1000} s:\n${logTail(options.logFile)}`)
    }
    await sleep(25)
  }
  const startedInMs = performance.now() - start
  const send = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    return await ended
  }
  return {
    ...ADMIN,
    host: `${LOGIN_SERVER}:${options.port}`,
    port: options.port,
    pid: child.pid ?? 0,
    startedInMs,
    ended,
    stop: () => send('SIGTERM'),
    kill: async () => void (await send('SIGKILL')),
  }
}

/** Starts the process without waiting for anything: for starts that are meant to fail. */
export function launch(options: ServerOptions): { readonly child: ChildProcess; readonly ended: Promise<number | string> } {
  mkdirSync(dirname(options.logFile), { recursive: true })
  const log = openSync(options.logFile, 'a')
  const child = spawn(process.execPath, [ENTRY], {
    cwd: ROOT,
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      ROADSTEAD_PORT: String(options.port),
      ROADSTEAD_DATA_DIR: options.dataFolder,
      ROADSTEAD_ADMIN_PASSWORD: ADMIN.password,
      ...options.environment,
    },
  })
  closeSync(log)
  const ended = new Promise<number | string>((settle) => {
    child.on('exit', (code, signal) => settle(code ?? signal ?? 'no code'))
    child.on('error', (error) => settle(error.message))
  })
  return { child, ended }
}

async function ready(base: string): Promise<boolean> {
  try {
    return (await fetch(`${base}/readyz`, { signal: AbortSignal.timeout(2000) })).ok
  } catch {
    return false
  }
}

export function logTail(file: string): string {
  return readFileSync(file, 'utf8').split('\n').slice(-30).join('\n')
}

/** A port that nothing listens on right now. */
export function freePort(): Promise<number> {
  return new Promise((settle, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (typeof address === 'object' && address !== null ? settle(address.port) : reject(new Error('no port'))))
    })
  })
}
