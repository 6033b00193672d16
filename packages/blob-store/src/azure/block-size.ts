const kibibyte = 1024
const mebibyte = 1024 * kibibyte

/** How large blocks are that come next. */
export interface BlockSize {
  /** A block is sent when it has so many bytes. */
  readonly full: number
  /** What is left at the end of an append becomes a block from this size on; less is parked until more comes. */
  readonly least: number
  /** A block may be sent before it is full to spare memory. Later on, the blocks would run out. */
  readonly mayBeShort: boolean
}

/** Azure's limit on the blocks of a blob. */
export const maximumBlocks = 50_000

interface Step extends BlockSize {
  /** Holds while there are fewer blocks than this. */
  readonly below: number
}

/**
 * Sizes follow the number of blocks used, not the offset, so that an upload that comes in small pieces gets on as well. Full blocks:
 * 16 GiB, then 125 GiB, then 5.1 TiB. Pieces of any size: the first 500 as they are, then at least 1 MiB, and so on: 1.3 TiB.
 */
const steps: readonly Step[] = [
  { below: 500, full: 4 * mebibyte, least: 1, mayBeShort: true },
  { below: 4_000, full: 4 * mebibyte, least: mebibyte, mayBeShort: true },
  { below: 8_000, full: 32 * mebibyte, least: 4 * mebibyte, mayBeShort: false },
  // One less: the tail becomes the last block of all.
  { below: maximumBlocks - 1, full: 128 * mebibyte, least: 32 * mebibyte, mayBeShort: false },
]

/** The size of the block that follows `used` blocks. Throws where Azure allows no more. */
export function blockSizeAfter(used: number): BlockSize {
  const step = steps.find(({ below }) => used < below)
  if (step === undefined) throw new Error(`the upload has ${used} blocks, and a blob in Azure cannot have more`)
  return step
}
