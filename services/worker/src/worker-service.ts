import type { Ports } from '@roadstead/distribution/ports.ts'
import type { Log } from '@roadstead/runtime/log.ts'
import { repeat } from './repeat.ts'
import { scrubber } from './scrubber.ts'
import type { ScrubberSettings } from './scrubber.ts'
import { sweeper } from './sweeper.ts'

export interface WorkerSettings {
  /** Bytes of deleted blobs stay this long, so that a backup that was begun before can still copy them. Milliseconds. */
  readonly backupRetention: number
  readonly scrub: ScrubberSettings
}

export const defaultWorkerSettings: WorkerSettings = {
  backupRetention: 24 * 60 * 60_000,
  scrub: { bytesPerSecond: 10 * 1024 * 1024, every: 30 * 24 * 60 * 60_000 },
}

/**
 * Starts all that runs in the background. Any number of processes may do so: what two of them do at once is done once, or harmlessly twice.
 * The answer stops it, and resolves when nothing runs any more.
 */
export function startWorker(ports: Ports, log: Log, settings: WorkerSettings = defaultWorkerSettings): () => Promise<void> {
  return repeat([...sweeper(ports, log, settings.backupRetention), ...scrubber(ports, log, settings.scrub)], log)
}
