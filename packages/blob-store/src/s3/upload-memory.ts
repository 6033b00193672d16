/**
 * Bytes that uploads hold: read from a client and not yet in the store. While there are more than `limit`, an upload sends one small part at a
 * time and reads on only when that is done. It never waits for another upload, so a slow client holds up nobody. All uploads together hold at
 * most `limit` and 12 MiB for each of them.
 */
export interface UploadMemory {
  readonly isScarce: () => boolean
  readonly held: () => number
  /** An upload begins to hold bytes. */
  open(): Account
}

export interface Account {
  add(bytes: number): void
  /** Gives back whatever is left. */
  close(): void
}

export function createUploadMemory(limit: number): UploadMemory {
  let held = 0
  return {
    isScarce: () => held > limit,
    held: () => held,
    open() {
      let mine = 0
      const add = (bytes: number) => {
        held += bytes
        mine += bytes
      }
      return { add, close: () => add(-mine) }
    },
  }
}
