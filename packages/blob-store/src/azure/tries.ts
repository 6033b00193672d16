import { setTimeout as sleep } from 'node:timers/promises'
import { isPassing, storageFailure, unavailable } from './failure.ts'

/** How long a call is repeated. All times in milliseconds. */
export interface Tries {
  readonly count: number
  /** Before the second try; doubled before each one after it, and shortened by up to a half at random so that replicas do not march in step. */
  readonly delay: number
  /** A try is given up when nothing moved for so long. */
  readonly timeout: number
  /** No further try once so much time has passed in which nothing moved. */
  readonly budget: number
}

/** A storage that refuses is given up after a second, one that does not answer after 20. */
export const usualTries: Tries = { count: 4, delay: 200, timeout: 10_000, budget: 15_000 }

/** What a try is given: when to stop, and how to say that bytes have moved. */
export interface Attempt {
  readonly signal: AbortSignal
  readonly moved: () => void
}

/**
 * Calls `work` until it succeeds, fails for good, or the tries are used up. Throws `Unavailable`, `StorageFull`, the error of `work`, or the
 * reason of `signal`. Every call that goes through here can be repeated: it either writes the same again, or finds that it was done.
 *
 * Not the library's own policy: that one has no timeout, so a storage that swallows packets would be waited for for ever.
 */
export async function withTries<Value>(tries: Tries, work: (attempt: Attempt) => Promise<Value>, signal?: AbortSignal): Promise<Value> {
  let wasted = 0
  for (let count = 1; ; count++) {
    signal?.throwIfAborted()
    const outcome = await once(work, tries.timeout, signal)
    if ('value' in outcome) return outcome.value
    signal?.throwIfAborted()
    const { error, isLate, still } = outcome
    if (!isLate && !isPassing(error)) throw storageFailure(error)
    const pause = tries.delay * 2 ** (count - 1) * (0.5 + Math.random() / 2)
    wasted += still + pause
    if (count >= tries.count || wasted > tries.budget) throw unavailable(error)
    await sleep(pause, undefined, { ...(signal !== undefined && { signal }) }).catch(() => {})
  }
}

type Outcome<Value> = { readonly value: Value } | { readonly error: unknown; readonly isLate: boolean; readonly still: number }

async function once<Value>(
  work: (attempt: Attempt) => Promise<Value>,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<Outcome<Value>> {
  const stop = new AbortController()
  let last = performance.now()
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    stop.abort()
  }, timeout)
  let isOver = false
  const moved = () => {
    last = performance.now()
    // A timer that was cleared would start again.
    if (!isOver && !isLate) timer.refresh()
  }
  const forward = () => stop.abort(signal?.reason)
  signal?.addEventListener('abort', forward)
  try {
    return { value: await work({ signal: stop.signal, moved }) }
  } catch (error) {
    return { error, isLate, still: performance.now() - last }
  } finally {
    // Also where it succeeded: the body of an answer may still be flowing, and that one has limits of its own.
    isOver = true
    clearTimeout(timer)
    signal?.removeEventListener('abort', forward)
  }
}
