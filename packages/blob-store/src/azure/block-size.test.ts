import { expect, test } from '@jest/globals'
import { blockSizeAfter, maximumBlocks } from './block-size.ts'

const mebibyte = 1024 ** 2
const gibibyte = 1024 ** 3
const tebibyte = 1024 ** 4

function bytesThatFit(sizeOf: (used: number) => number): number {
  let bytes = 0
  for (let used = 0; used < maximumBlocks - 1; used++) bytes += sizeOf(used)
  return bytes
}

test('5 TiB fit into the blocks of a blob', () => {
  expect(bytesThatFit((used) => blockSizeAfter(used).full)).toBeGreaterThan(5 * tebibyte)
})

test('5 TiB fit also where the first blocks were short for want of memory', () => {
  const bytes = bytesThatFit((used) => (blockSizeAfter(used).mayBeShort ? mebibyte : blockSizeAfter(used).full))
  expect(bytes).toBeGreaterThan(5 * tebibyte)
})

test('what is parked until it is large enough is enough for 1 TiB, whatever the chunks', () => {
  expect(bytesThatFit((used) => blockSizeAfter(used).least)).toBeGreaterThan(tebibyte)
})

test('blocks of the first 15 GiB are small', () => {
  let bytes = 0
  for (let used = 0; bytes < 15 * gibibyte; used++) {
    expect(blockSizeAfter(used).full).toBe(4 * mebibyte)
    bytes += blockSizeAfter(used).full
  }
})

test('a block of its own is never larger than a full one, and sizes never shrink', () => {
  const sizes = Array.from({ length: maximumBlocks - 1 }, (_, used) => blockSizeAfter(used))
  expect(sizes.filter(({ full, least }) => least > full)).toEqual([])
  expect(sizes.filter(({ full }, index) => full < (sizes[index - 1]?.full ?? 0))).toEqual([])
})

test('there is an end', () => {
  expect(() => blockSizeAfter(maximumBlocks - 1)).toThrow(/more/)
})
