import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Counts, Fault } from '../faults/fault.ts'
import { startServer } from './server.ts'
import type { Server, ServerOptions } from './server.ts'
import { steps } from './steps.ts'
import type { Outcome } from './steps.ts'

export interface RunFaultOptions {
  readonly folder: string
  readonly blobBytes: number
  readonly counts: Counts
  readonly record: (outcome: Outcome) => void
  readonly start?: (options: ServerOptions) => Promise<Server>
}

/** Runs one fault script on servers of its own; whatever it leaves running is ended. */
export async function runFault(fault: Fault, options: RunFaultOptions): Promise<void> {
  const step = steps(fault.name, options.record)
  const folder = join(options.folder, fault.name.replaceAll(' ', '-'))
  mkdirSync(folder, { recursive: true })
  const started: Server[] = []
  const start = async (settings: ServerOptions): Promise<Server> => {
    const server = await (options.start ?? startServer)(settings)
    started.push(server)
    return server
  }
  try {
    await fault.script({ step, start, folder, blobBytes: options.blobBytes, counts: options.counts })
  } catch (error) {
    await step('prepare', () => Promise.reject(error))
  }
  for (const server of started) await server.kill()
}
