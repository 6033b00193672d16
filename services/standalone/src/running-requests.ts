import type { RequestHandler } from 'express'

/** Requests whose handlers still run. */
export interface RunningRequests {
  /** The handler, counted in while it runs. */
  counted(handler: RequestHandler): RequestHandler
  /** Resolves when none runs any more. */
  settled(): Promise<void>
}

/**
 * Of a request whose connection was cut off, the handler goes on: it writes down how far the upload came, so that the client can go on with it
 * elsewhere at once. What it needs for that must not stop before it.
 */
export function createRunningRequests(): RunningRequests {
  const running = new Set<Promise<unknown>>()
  return {
    counted: (handler) => (req, res, next) => {
      const run = Promise.resolve(handler(req, res, next))
      running.add(run)
      const over = (): void => void running.delete(run)
      run.then(over, over)
      return run
    },
    async settled() {
      while (running.size > 0) await Promise.allSettled(running)
    },
  }
}
