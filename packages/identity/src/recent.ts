export interface RecentBounds<Value> {
  /** Most entries. */
  readonly entries: number
  /** Most weight of all entries together, in the unit of `weigh`. */
  readonly weight: number
  readonly weigh: (key: string, value: Value) => number
}

/** What was used recently, within bounds of number and weight. Where room is needed, the oldest entries leave that were not used since. */
export interface Recent<Value> {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
  delete(key: string): void
}

interface Entry<Value> {
  readonly value: Value
  /** Asked for since it was last considered for leaving. */
  used: boolean
}

/**
 * A hit only sets a mark, and an old entry with a mark is given a second chance. Moving it to the young end at each hit would be a true order
 * of use, but a Map leaves a hole in the key's chain each time: one token used ten thousand times would be found twenty times slower.
 */
export function createRecent<Value>({ entries, weight, weigh }: RecentBounds<Value>): Recent<Value> {
  const kept = new Map<string, Entry<Value>>()
  let total = 0
  const remove = (key: string): void => {
    const entry = kept.get(key)
    if (entry !== undefined && kept.delete(key)) total -= weigh(key, entry.value)
  }
  return {
    get(key) {
      const entry = kept.get(key)
      if (entry !== undefined) entry.used = true
      return entry?.value
    },
    set(key, value) {
      remove(key)
      kept.set(key, { value, used: false })
      total += weigh(key, value)
      // Goes in the order of insertion, and over those that are put back at the end once more.
      for (const [oldest, entry] of kept) {
        if (kept.size <= entries && total <= weight) break
        if (entry.used) {
          kept.delete(oldest)
          kept.set(oldest, { value: entry.value, used: false })
        } else remove(oldest)
      }
    },
    delete: remove,
  }
}
