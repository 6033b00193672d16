import { setTimeout as sleep } from 'node:timers/promises'
import type { FlushableLog, Log } from './log.ts'

/** The parts of `process` that a lifecycle needs. */
export interface ProcessEvents {
  on(event: string, listener: (reason: Error) => void): unknown
  exit(code: number): void
}

export interface Lifecycle {
  /** A part that has to be stopped, within `limit` milliseconds. Parts stop one after the other, the last one started first. */
  onStop(name: string, stop: () => unknown, limit: number): void
  /** Stops everything, then ends the process with this code. Further calls join the first. */
  stop(reason: string, code: number): Promise<void>
}

export interface LifecycleOptions {
  readonly process: ProcessEvents
  readonly log: FlushableLog
  /** Milliseconds, a clock that never goes back. */
  readonly now: () => number
  /** Milliseconds after which the process ends whatever still hangs. */
  readonly limit?: number
  /** What SIGHUP means where it does not mean to stop. */
  readonly onHangup?: () => void
}

/** sysexits.h EX_SOFTWARE: the program itself is broken. */
const brokenCode = 70

/** One Ctrl-C arrives several times: from the terminal, and from each of npm and the shell that passes it on. */
const onePress = 1000

/**
 * Takes over the signals. The first SIGINT, SIGTERM or SIGHUP stops in order and ends with 0; a second one, pressed later, ends with 1 at
 * once. SIGHUP does something else where `onHangup` is given. A rejected promise that nobody awaited belongs to one request: it is logged and the others are served. An uncaught exception
 * leaves unknown state behind: what can be finished is finished, then the process ends with 70.
 */
export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const { process, log, now, limit = 9500, onHangup } = options
  const parts: { readonly name: string; readonly stop: () => unknown; readonly limit: number }[] = []
  let stopping: Promise<void> | undefined
  let firstSignal = 0

  const end = (code: number): void => {
    void log.flush().then(() => process.exit(code))
  }
  const stopAll = async (reason: string, code: number): Promise<void> => {
    const started = now()
    // A start that failed at once has nothing to stop, and one sentence about it is enough.
    const level = parts.length === 0 ? 'debug' : 'info'
    log[level]('stopping', { reason })
    const overall = setTimeout(() => {
      log.error('stopping took too long, what is left is abandoned', { limit })
      end(code === 0 ? 1 : code)
    }, limit)
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) await stopPart(part, log)
    clearTimeout(overall)
    log[level]('stopped', { milliseconds: Math.round(now() - started) })
    end(code)
  }
  const lifecycle: Lifecycle = {
    onStop: (name, stop, partLimit) => parts.push({ name, stop, limit: partLimit }),
    stop: (reason, code) => (stopping ??= stopAll(reason, code)),
  }
  if (onHangup !== undefined) process.on('SIGHUP', () => (stopping === undefined ? onHangup() : undefined))
  for (const signal of onHangup === undefined ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      if (stopping === undefined) {
        firstSignal = now()
        void lifecycle.stop(signal, 0)
      } else if (now() - firstSignal > onePress) {
        log.warn('stopped at once by a second signal', { signal })
        end(1)
      }
    })
  }
  process.on('unhandledRejection', (reason: unknown) => log.error('a promise was rejected and nobody handled it', { error: reason }))
  process.on('uncaughtException', (error: Error) => {
    log.error('uncaught exception, the process ends', { error })
    void lifecycle.stop('uncaught exception', brokenCode)
  })
  return lifecycle
}

async function stopPart(part: { readonly name: string; readonly stop: () => unknown; readonly limit: number }, log: Log): Promise<void> {
  const timer = new AbortController()
  const late = sleep(part.limit, 'late' as const, { signal: timer.signal }).catch(() => undefined)
  try {
    const outcome = await Promise.race([Promise.resolve().then(part.stop), late])
    if (outcome === 'late') log.warn('a part did not stop in time', { part: part.name, limit: part.limit })
  } catch (error) {
    log.warn('a part did not stop cleanly', { part: part.name, error })
  } finally {
    timer.abort()
  }
}
