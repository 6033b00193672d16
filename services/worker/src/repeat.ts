import type { Log } from '@roadstead/runtime/log.ts'

export interface Task {
  /** For the log: `sweep of upload sessions`. */
  readonly name: string
  /** Milliseconds from the end of one round to the start of the next. */
  readonly every: number
  readonly round: (signal: AbortSignal) => Promise<void>
}

/** Runs each task now and from time to time, one round at a time. The answer stops them, and resolves when nothing runs any more. */
export function repeat(tasks: readonly Task[], log: Log): () => Promise<void> {
  const stop = new AbortController()
  const stops = tasks.map((task) => repeatOne(task, log, stop.signal))
  return async () => {
    stop.abort()
    await Promise.all(stops.map((end) => end()))
  }
}

function repeatOne({ name, every, round }: Task, log: Log, signal: AbortSignal): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const run = async (): Promise<void> => {
    try {
      await round(signal)
    } catch (error) {
      if (!signal.aborted) log.warn('a task in the background failed and will be repeated', { task: name, error })
    }
    if (!signal.aborted) timer = setTimeout(() => (running = run()), every).unref()
  }
  let running = run()
  return () => {
    clearTimeout(timer)
    return running
  }
}
