import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'

const entry = resolve(import.meta.dirname, '../src/main.ts')

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command as a person does, without the settings of whoever runs the tests. */
export async function roadstead(parameters: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const own = Object.entries(process.env).filter(([name]) => !/^(ROADSTEAD_|DATABASE_URL|REDIS_URL|NODE_OPTIONS|AWS_|AZURE_)/.test(name))
  const child = spawn(process.execPath, [entry, ...parameters], {
    env: { ...Object.fromEntries(own), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number]>])
  return { code, stdout, stderr }
}
