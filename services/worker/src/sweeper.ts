import type { Ports } from '@roadstead/distribution/ports.ts'
import { sweepDeleted } from '@roadstead/distribution/sweep-deleted.ts'
import { sweepOrphans, sweepSessions } from '@roadstead/distribution/sweep.ts'
import type { Log } from '@roadstead/runtime/log.ts'
import type { Task } from './repeat.ts'

/** Milliseconds between two rounds. */
const sessionsEvery = 5 * 60_000
const deletedEvery = 60_000
const orphansEvery = 24 * 60 * 60_000

/** Frees what uploads left behind, and what was deleted longer ago than `retention` milliseconds. */
export function sweeper(ports: Ports, log: Log, retention: number): readonly Task[] {
  return [
    {
      name: 'sweep of upload sessions',
      every: sessionsEvery,
      round: async (signal) => report(log, 'upload sessions ended', await sweepSessions(ports, signal)),
    },
    {
      name: 'sweep of deleted bytes',
      every: deletedEvery,
      round: async (signal) => report(log, 'bytes of deleted blobs removed', await sweepDeleted(ports, retention, signal)),
    },
    {
      name: 'sweep of orphaned bytes',
      every: orphansEvery,
      round: async (signal) => report(log, 'orphaned bytes removed', await sweepOrphans(ports, signal)),
    },
  ]
}

function report(log: Log, what: string, count: number): void {
  if (count > 0) log.info(what, { count })
}
