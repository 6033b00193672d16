import type { Server, ServerOptions } from '../runner/server.ts'
import type { Step } from '../runner/steps.ts'

/** What a fault script works with: it starts, breaks and restarts servers of its own. */
export interface FaultSession {
  readonly step: Step
  readonly start: (options: ServerOptions) => Promise<Server>
  /** A folder of its own, absolute. */
  readonly folder: string
  readonly blobBytes: number
  readonly counts: Counts
}

/** How often something is done: little where every change is tested, much before a release. */
export interface Counts {
  /** Kills at random moments, on each backend. */
  readonly kills: number
  /** Times that each crash point is gone through; once is a selection. */
  readonly repeats: number
}

export interface Fault {
  readonly name: string
  readonly script: (session: FaultSession) => Promise<void>
}
