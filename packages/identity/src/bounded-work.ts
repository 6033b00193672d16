import { RegistryError } from '@roadstead/oci/errors.ts'

export interface WorkBounds {
  /** Most pieces of work at once. */
  readonly atOnce: number
  /** Most pieces that wait for their turn. */
  readonly waiting: number
}

/** Runs work in turn. Throws TOOMANYREQUESTS where too much of it waits already. */
export type BoundedWork = <Result>(work: () => Promise<Result>) => Promise<Result>

/** Keeps expensive work from taking all threads of the pool, which file and DNS operations of every request need as well. */
export function createBoundedWork({ atOnce, waiting }: WorkBounds): BoundedWork {
  let running = 0
  const turns: (() => void)[] = []
  return async (work) => {
    if (running < atOnce) running++
    else {
      if (turns.length >= waiting) throw overloaded()
      await new Promise<void>((resolve) => turns.push(resolve))
    }
    try {
      return await work()
    } finally {
      // The place passes on to the next in line without becoming free in between.
      const next = turns.shift()
      if (next === undefined) running--
      else next()
    }
  }
}

function overloaded(): RegistryError {
  return new RegistryError('TOOMANYREQUESTS', 'too many sign-ins at this moment, try again in a few seconds', { retryAfter: 5 })
}
