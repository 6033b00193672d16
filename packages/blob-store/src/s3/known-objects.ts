import type { Location } from '@roadstead/distribution/blob-store.ts'

/** Objects that this process put whole and did not remove. A bound number of them; what is forgotten costs a question. */
export interface KnownObjects {
  add(at: Location): void
  has(at: Location): boolean
  forget(at: Location): void
}

const mostKnown = 10_000

export function createKnownObjects(): KnownObjects {
  const known = new Set<Location>()
  return {
    add(at) {
      // The oldest one comes first.
      if (known.size >= mostKnown) known.delete(known.values().next().value!)
      known.add(at)
    },
    has: (at) => known.has(at),
    forget: (at) => known.delete(at),
  }
}
