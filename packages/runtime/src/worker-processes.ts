import type { Log } from './log.ts'

/** A process that serves beside others of its kind, as whoever started it sees it. */
export interface WorkerProcess {
  readonly pid: number | undefined
  /** Resolves when it serves. Rejects with the reason when it cannot, or ended before. */
  readonly ready: Promise<void>
  /** How it ended: `code 1`, `SIGKILL`. */
  readonly ended: Promise<string>
  /** Asks it to take no more requests, to finish those that it has, however long they take, and to end. */
  retire(): void
  /** Asks it to end within its time limit. */
  stop(): void
  kill(): void
}

export interface WorkerProcessesOptions {
  readonly count: number
  readonly start: () => WorkerProcess
  readonly log: Log
  /** Milliseconds, a clock that never goes back. */
  readonly now: () => number
  /** Waits that many milliseconds, or until the signal. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>
}

export interface WorkerProcesses {
  /** Starts all of them. Throws, with none left, where one cannot start: what the first cannot, the others cannot either. */
  start(): Promise<void>
  /** Puts a new process in each one's place, one after the other. None retires before the next one serves. */
  replaceAll(): Promise<void>
  /** Ends all of them, those by force that have not ended after `limit` milliseconds. */
  stop(limit: number): Promise<void>
}

/** Milliseconds between the end of a process and the start of the next in its place, doubled for each that did not last. */
const pauses = { first: 100, longest: 30_000 }
/** Milliseconds after which a process counts as one that works. */
const lasting = 60_000

interface Place {
  worker: WorkerProcess
}

/** Keeps `count` processes running until `stop`. */
export function createWorkerProcesses({ count, start, log, now, pause }: WorkerProcessesOptions): WorkerProcesses {
  const stopping = new AbortController()
  const places: Place[] = []
  const alive = new Set<WorkerProcess>()
  let replacing: Promise<void> | undefined

  const begin = (): WorkerProcess => {
    const worker = start()
    alive.add(worker)
    worker.ready.catch(() => undefined)
    void worker.ended.then(() => alive.delete(worker))
    return worker
  }
  /** Starts anew whatever ends in this place, unless it was told to. */
  const watch = async (place: Place): Promise<void> => {
    for (let short = 0; ;) {
      const { worker } = place
      const started = now()
      const how = await worker.ended
      if (stopping.signal.aborted) return
      if (place.worker !== worker) continue
      short = now() - started > lasting ? 1 : short + 1
      const milliseconds = Math.min(pauses.first * 2 ** (short - 1), pauses.longest)
      log.error('a worker process ended and is replaced', { pid: worker.pid, how, milliseconds })
      await pause(milliseconds, stopping.signal)
      if (stopping.signal.aborted) return
      if (place.worker === worker) place.worker = begin()
    }
  }
  const replace = async (): Promise<void> => {
    for (const place of places) {
      const next = begin()
      try {
        await next.ready
      } catch (error) {
        // Those that serve are worth more than those that are new.
        log.error('a new worker process cannot start, the earlier ones stay', { error })
        return
      }
      if (stopping.signal.aborted) return
      const before = place.worker
      place.worker = next
      before.retire()
      log.info('a worker process was replaced', { pid: next.pid, before: before.pid })
    }
  }
  const stop = async (limit: number): Promise<void> => {
    stopping.abort()
    for (const worker of alive) worker.stop()
    const late = setTimeout(() => {
      for (const worker of alive) worker.kill()
    }, limit)
    await Promise.all([...alive].map(({ ended }) => ended))
    clearTimeout(late)
  }
  return {
    async start() {
      places.push(...Array.from({ length: count }, () => ({ worker: begin() })))
      try {
        await Promise.all(places.map(({ worker }) => worker.ready))
      } catch (error) {
        await stop(1000)
        throw error
      }
      for (const place of places) void watch(place)
    },
    replaceAll: () => (replacing ??= replace().finally(() => (replacing = undefined))),
    stop,
  }
}
