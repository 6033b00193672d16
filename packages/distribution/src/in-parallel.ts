/** Runs `work` on the items, at most `width` at a time, and yields what it answers as it comes. The first failure ends it. */
export async function* inParallel<Item, Result>(
  items: AsyncIterable<Item>,
  width: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const running = new Set<Promise<readonly [Promise<unknown>, Result]>>()
  const first = async (): Promise<Result> => {
    const [promise, result] = await Promise.race(running)
    running.delete(promise as Promise<readonly [Promise<unknown>, Result]>)
    return result
  }
  for await (const item of items) {
    const promise: Promise<readonly [Promise<unknown>, Result]> = work(item).then((result) => [promise, result] as const)
    // Somebody else's failure may end the loop before this one is waited for.
    promise.catch(() => undefined)
    running.add(promise)
    if (running.size === width) yield await first()
  }
  while (running.size > 0) yield await first()
}
