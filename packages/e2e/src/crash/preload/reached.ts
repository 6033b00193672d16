import { AsyncLocalStorage } from 'node:async_hooks'
import type { FailPoint } from '../failpoint.ts'

/** The route of the request on whose behalf something happens. */
export const route = new AsyncLocalStorage<string>()

/** Told of every moment; ends the process at the wanted one. `during` where the caller knows better than the current context. */
export type Reached = (kind: FailPoint['kind'], what: string, when: FailPoint['when'], during?: string) => void

export function armed(point: FailPoint, die: () => void): Reached {
  let count = 0
  return (kind, what, when, during = route.getStore()) => {
    if (kind !== point.kind || when !== point.when || what !== point.what) return
    if (point.during !== undefined && point.during !== during) return
    count += 1
    if (count === point.nth) die()
  }
}

/** Wraps a call that answers by a promise. */
export function around<Result>(reached: Reached, kind: FailPoint['kind'], what: string, call: () => Result): Result {
  reached(kind, what, 'before')
  const result = call()
  reached(kind, what, 'sent')
  if (!(result instanceof Promise)) return result
  return result.then((value: unknown) => {
    reached(kind, what, 'after')
    return value
  }) as Result
}
