import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

/** A server of object storage on a port of 127.0.0.1. */
export interface ObjectStore {
  readonly storage: 's3' | 'azure'
  readonly port: number
  /** The settings of a Roadstead that finds it at this port: its own, or that of a proxy. */
  environmentAt(port: number): NodeJS.ProcessEnv
  stop(): Promise<void>
}

/** Resolves when something answers at `url` with any status that is not the server's own failure. */
export async function untilListening(server: ChildProcess, url: string): Promise<void> {
  let failure: string | undefined
  server.once('error', (error) => (failure = error.message))
  server.once('exit', (code, signal) => (failure = `it ended with ${code ?? signal}`))
  for (let waited = 0; waited < 30_000; waited += 50) {
    if (failure !== undefined) break
    const answer = await fetch(url).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer !== undefined && answer.status < 500) return
    await sleep(50)
  }
  server.kill('SIGKILL')
  throw new Error(`${server.spawnfile} did not start: ${failure ?? `nothing answers at ${url}`}`)
}
