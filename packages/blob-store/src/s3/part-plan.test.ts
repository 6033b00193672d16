import { describe, expect, test } from '@jest/globals'
import { equalParts, growingParts } from './part-plan.ts'
import { largestPart, smallestPart } from './settings.ts'

const mebibyte = 1024 ** 2
const largestBlob = 5 * 1024 ** 4
const mostParts = 10_000

describe('parts that grow', () => {
  test.each([
    ['as large as they should be', growingParts.target],
    ['the shortest that chunks can cause', growingParts.least],
  ])('5 TiB fit in 10,000 of them: %s', (_name, length) => {
    let offset = 0
    let count = 0
    for (; offset < largestBlob; count++) {
      expect(length(offset)).toBeGreaterThanOrEqual(smallestPart)
      offset += length(offset)
    }
    expect(count).toBeLessThan(mostParts)
  })

  test('what is kept back and the next part together are still a part', () => {
    for (const offset of [0, 8 * 1024 ** 3 - 1, 8 * 1024 ** 3, 1024 ** 4, largestBlob]) {
      expect(growingParts.target(offset) + growingParts.least(offset)).toBeLessThanOrEqual(largestPart)
      expect(growingParts.least(offset)).toBeLessThanOrEqual(growingParts.target(offset))
    }
  })

  test('a part of an ordinary blob has 8 MiB', () => {
    expect(growingParts.target(0)).toBe(8 * mebibyte)
    expect(growingParts.target(8 * 1024 ** 3)).toBe(8 * mebibyte)
    expect(growingParts.target(100 * 1024 ** 3)).toBe(100 * mebibyte)
  })
})

test('equal parts are equal', () => {
  const plan = equalParts(16 * mebibyte)
  expect([plan.target(0), plan.target(1024 ** 4), plan.least(0)]).toEqual([16 * mebibyte, 16 * mebibyte, 16 * mebibyte])
})
