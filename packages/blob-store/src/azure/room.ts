/** Memory that the uploads of a store share, counted in batches. */
export interface Room {
  /** Reserves a batch, or answers false where all are taken. */
  take(): boolean
  give(count: number): void
}

export function createRoom(batches: number): Room {
  let free = batches
  return {
    take() {
      if (free <= 0) return false
      free -= 1
      return true
    },
    give(count) {
      free += count
    },
  }
}
