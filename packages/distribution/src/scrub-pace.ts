/** Waits as long as it takes to stay below a rate. Told of bytes after they were read. */
export type Pace = (bytes: number) => Promise<void>

/** `now` and `sleep` in milliseconds. What was not used in a second of rest is lost: after a pause nothing is caught up. */
export function createPace(bytesPerSecond: number, now: () => number, sleep: (milliseconds: number) => Promise<unknown>): Pace {
  let paidUntil = 0
  return async (bytes) => {
    const time = now()
    paidUntil = Math.max(paidUntil, time - 1000) + (bytes / bytesPerSecond) * 1000
    if (paidUntil > time) await sleep(paidUntil - time)
  }
}
