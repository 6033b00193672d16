import { setTimeout as sleep } from 'node:timers/promises'
import { S3Failure } from './failure.ts'

export interface RetrySettings {
  /** Tries of one call. */
  readonly attempts: number
  /** Milliseconds after which no further try begins. The second one always does: a single stalled connection can take longer than that. */
  readonly patience: number
  /** From 0 up to, not including, 1. */
  readonly random: () => number
  /** Milliseconds that only grow. */
  readonly now: () => number
}

export interface Retry {
  /** Runs `attempt` until it succeeds, fails for good, or patience is over; throws what the last try threw. */
  <Value>(attempt: () => Promise<Value>, options?: RetryOptions): Promise<Value>
}

export interface RetryOptions {
  readonly signal?: AbortSignal | undefined
  /** Called before a try that needs other credentials. */
  readonly renew?: (() => void) | undefined
  readonly patience?: number | undefined
}

const firstPause = 50
const longestPause = 2_000

/**
 * What all calls of a store may spend on tries beyond the first: while nearly all of them fail, further tries only add to the load that the
 * store cannot carry. Every success earns a part of a try back.
 */
const mostCredit = 200
const earned = 0.2

export function createRetry({ attempts, patience, random, now }: RetrySettings): Retry {
  let credit = mostCredit

  return async (attempt, options = {}) => {
    const until = now() + (options.patience ?? patience)
    for (let tries = 1; ; tries++) {
      options.signal?.throwIfAborted()
      try {
        const value = await attempt()
        credit = Math.min(mostCredit, credit + earned)
        return value
      } catch (error) {
        const isLast = tries >= attempts || credit < 1 || (tries > 1 && now() >= until)
        if (!(error instanceof S3Failure) || error.remedy === 'none' || isLast) throw error
        credit -= 1
        if (error.remedy === 'fresh credentials') options.renew?.()
      }
      // The whole pause is left to chance, so that callers that failed together do not come back together.
      const pause = random() * Math.min(longestPause, firstPause * 2 ** tries)
      await sleep(pause, undefined, options.signal && { signal: options.signal })
    }
  }
}
