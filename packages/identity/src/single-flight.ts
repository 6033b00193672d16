/** Runs `work` unless work under the same key is under way; then waits for that one's result. */
export type SingleFlight<Result> = (key: string, work: () => Promise<Result>) => Promise<Result>

/** What many ask for at the same moment is done once. Nothing is kept after the work has ended. */
export function createSingleFlight<Result>(): SingleFlight<Result> {
  const underWay = new Map<string, Promise<Result>>()
  return (key, work) => {
    const earlier = underWay.get(key)
    if (earlier !== undefined) return earlier
    const result = work().finally(() => underWay.delete(key))
    underWay.set(key, result)
    return result
  }
}
