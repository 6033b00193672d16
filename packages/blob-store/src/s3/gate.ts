/** Lets so many run at once, the others in the order in which they came. */
export interface Gate {
  <Value>(run: () => Promise<Value>): Promise<Value>
}

export function createGate(width: number): Gate {
  const waiting: (() => void)[] = []
  let running = 0

  return async (run) => {
    if (running >= width) await new Promise<void>((enter) => waiting.push(enter))
    else running += 1
    try {
      return await run()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
