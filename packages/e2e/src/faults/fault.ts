import type { Server, ServerOptions } from '../runner/server.ts'
import type { Step } from '../runner/steps.ts'

/** What a fault script works with: it starts, breaks and restarts servers of its own. */
export interface FaultSession {
  readonly step: Step
  readonly start: (options: ServerOptions) => Promise<Server>
  /** A folder of its own, absolute. */
  readonly folder: string
  readonly blobBytes: number
}

export interface Fault {
  readonly name: string
  readonly script: (session: FaultSession) => Promise<void>
}
