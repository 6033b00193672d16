import type { Location } from './blob-store.ts'

/**
 * Sizes of what a store listed, by location: 24 to 48 bytes for each, where a Map of texts would hold several times as much. It remembers
 * 53 bits of a location's hash. That a missing one of ten million shares them with another, and is overlooked, happens once in a billion.
 */
export interface StoredSizes {
  readonly count: () => number
  put(location: Location, size: number): void
  get(location: Location): number | undefined
  /** Forgets what is not in this one of `parts` parts. */
  keep(part: number, parts: number): void
}

export function createStoredSizes(): StoredSizes {
  let keys = new Float64Array(1024)
  let sizes = new Float64Array(1024)
  let count = 0

  const slotOf = (key: number): number => {
    let slot = key % keys.length
    while (keys[slot] !== 0 && keys[slot] !== key) slot = (slot + 1) % keys.length
    return slot
  }
  const set = (key: number, size: number): void => {
    const slot = slotOf(key)
    if (keys[slot] === 0) count++
    keys[slot] = key
    sizes[slot] = size
  }
  const rebuild = (length: number, isKept: (key: number) => boolean): void => {
    const [oldKeys, oldSizes] = [keys, sizes]
    keys = new Float64Array(length)
    sizes = new Float64Array(length)
    count = 0
    for (const [slot, key] of oldKeys.entries()) if (key !== 0 && isKept(key)) set(key, oldSizes[slot]!)
  }

  return {
    count: () => count,
    put(location, size) {
      set(keyOf(location), size)
      if (count * 1.5 > keys.length) rebuild(keys.length * 2, () => true)
    },
    get(location) {
      const slot = slotOf(keyOf(location))
      return keys[slot] === 0 ? undefined : sizes[slot]
    },
    keep: (part, parts) => rebuild(keys.length, (key) => key % parts === part),
  }
}

/** In which of `parts` parts, of about the same size, a location is. */
export function partOf(location: Location, parts: number): number {
  return keyOf(location) % parts
}

/** 53 bits, never 0: two hashes of 32 bits, stirred at the end so that texts that differ in one digit end up far apart. */
function keyOf(text: string): number {
  let [a, b] = [0x811c9dc5, 0x9e3779b1]
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x85ebca6b)
  }
  a = stir(a ^ (b >>> 15))
  b = stir(b ^ (a >>> 13))
  return (b & 0x1fffff) * 0x1_0000_0000 + (a >>> 0) || 1
}

function stir(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
