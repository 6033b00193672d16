import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const entry = resolve(import.meta.dirname, '../src/main.ts')

/** A program that was started as somebody at a terminal would. */
export interface Started {
  readonly child: ChildProcess
  /** All that it printed so far. */
  readonly said: () => string
  /** Its exit code; of one that was killed, the name of the signal. */
  readonly ended: Promise<number | string>
}

/** Starts Roadstead with these settings and none of those around the test. */
export function run(environment: Readonly<Record<string, string>>, ...parameters: string[]): Started {
  const own = Object.entries(process.env).filter(([name]) => !/^(ROADSTEAD_|DATABASE_URL|REDIS_URL|AWS_|AZURE_|NODE_OPTIONS)/.test(name))
  const env = { ...Object.fromEntries(own), ROADSTEAD_PORT: '0', ...environment }
  return watch(spawn(process.execPath, [entry, ...parameters], { env, stdio: ['ignore', 'pipe', 'pipe'] }))
}

export function watch(child: ChildProcess): Started {
  const parts: string[] = []
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (part: string) => parts.push(part))
  const ended = once(child, 'close').then(([code, signal]) => (code as number | null) ?? (signal as string))
  return { child, said: () => parts.join(''), ended }
}

/** Resolves when the program has printed this. */
export async function says({ said, ended }: Started, pattern: RegExp): Promise<RegExpExecArray> {
  let over = false
  void ended.then(() => (over = true))
  for (;;) {
    const found = pattern.exec(said())
    if (found !== null) return found
    if (over) throw new Error(`ended without saying ${String(pattern)}: ${said()}`)
    await sleep(20)
  }
}
