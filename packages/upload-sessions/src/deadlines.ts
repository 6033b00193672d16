/** Keys by the time at which they are due, so that the first ones are found without looking at all. */
export interface Deadlines {
  /** `due` in milliseconds since 1970. A key that has a deadline gets another one. */
  set(key: string, due: number): void
  delete(key: string): void
  /** Up to `limit` keys due at `time` or before, the earliest first. */
  until(time: number, limit: number): readonly string[]
}

/** A day of uploads is 1,440 of these. */
const minute = 60_000

/**
 * One set of keys per minute. A heap would have to keep the deadlines of finished uploads until they come up; from a set
 * they go at once.
 */
export function createDeadlines(): Deadlines {
  const dues = new Map<string, number>()
  const minutes = new Map<number, Set<string>>()

  const remove = (key: string) => {
    const due = dues.get(key)
    if (due === undefined) return
    dues.delete(key)
    const keys = minutes.get(Math.floor(due / minute))!
    keys.delete(key)
    if (keys.size === 0) minutes.delete(Math.floor(due / minute))
  }

  return {
    set(key, due) {
      remove(key)
      dues.set(key, due)
      const at = Math.floor(due / minute)
      const keys = minutes.get(at)
      if (keys === undefined) minutes.set(at, new Set([key]))
      else keys.add(key)
    },

    delete: remove,

    until(time, limit) {
      const found: string[] = []
      const past = [...minutes.keys()].filter((at) => at * minute <= time).sort((one, other) => one - other)
      for (const at of past) {
        if (found.length >= limit) break
        const keys = [...minutes.get(at)!].filter((key) => dues.get(key)! <= time)
        found.push(...keys.sort((one, other) => dues.get(one)! - dues.get(other)!))
      }
      return found.slice(0, limit)
    },
  }
}
