import type { Ports } from '@roadstead/distribution/ports.ts'
import { sweepOrphans, sweepSessions } from '@roadstead/distribution/sweep.ts'
import type { Log } from '@roadstead/runtime/log.ts'

/** Milliseconds between two rounds. */
const sessionsEvery = 5 * 60_000
const orphansEvery = 24 * 60 * 60_000

/** Frees what uploads left behind, now and from time to time. The answer stops it, and resolves when nothing runs any more. */
export function startSweeper(ports: Ports, log: Log): () => Promise<void> {
  const stop = new AbortController()
  const sessions = repeat(sessionsEvery, async () => report(log, 'upload sessions ended', await sweepSessions(ports, stop.signal)))
  const orphans = repeat(orphansEvery, async () => report(log, 'orphaned bytes removed', await sweepOrphans(ports, stop.signal)))
  return async () => {
    stop.abort()
    await Promise.all([sessions(), orphans()])
  }

  /** One round at a time: the next is counted from the end of the one before. */
  function repeat(every: number, round: () => Promise<void>): () => Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const run = async (): Promise<void> => {
      await round().catch((error: unknown) => log.warn('a sweep failed and will be repeated', { error }))
      if (!stop.signal.aborted) timer = setTimeout(() => (running = run()), every).unref()
    }
    let running = run()
    return () => {
      clearTimeout(timer)
      return running
    }
  }
}

function report(log: Log, what: string, count: number): void {
  if (count > 0) log.info(what, { count })
}
