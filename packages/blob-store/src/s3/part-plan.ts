import { largestPart, smallestPart } from './settings.ts'

const mebibyte = 1024 ** 2

/** Up to here parts stay small; from here on each is this share of what is before it, so that their number grows with the logarithm. */
const growsFrom = 8 * 1024 ** 3
const share = 1024

/** How bytes are cut into parts. */
export interface PartPlan {
  /** A part that starts at `offset` should have so many bytes. */
  target(offset: number): number
  /** What has fewer bytes is parked instead of becoming a part, since another part may have to follow it. */
  least(offset: number): number
  /** Every part but the last has exactly the target's length. */
  readonly equal: boolean
}

/**
 * Parts of 8 MiB, which grow from 8 GiB on; the end of a chunk may be a part of 5 MiB before that. 8 GiB in the smallest parts are 1,640, and
 * from there to the 5 TiB that an object may have it takes about 7,000 more: below the 10,000 that an upload may have.
 */
export const growingParts: PartPlan = {
  target: (offset) => (offset < growsFrom ? 8 * mebibyte : grown(offset)),
  least: (offset) => (offset < growsFrom ? smallestPart : grown(offset)),
  equal: false,
}

export function equalParts(size: number): PartPlan {
  return { target: () => size, least: () => size, equal: true }
}

function grown(offset: number): number {
  return Math.min(largestPart / 2, Math.ceil(offset / share / mebibyte) * mebibyte)
}
