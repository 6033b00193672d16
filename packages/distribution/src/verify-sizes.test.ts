import { expect, test } from '@jest/globals'
import type { Location } from './blob-store.ts'
import { createStoredSizes, partOf } from './verify-sizes.ts'

const at = (n: number): Location => `7/${(n % 256).toString(16).padStart(2, '0')}/${n.toString(16).padStart(32, '0')}` as Location

test('tells the size of each of many locations, and of no other', () => {
  const sizes = createStoredSizes()
  for (let n = 0; n < 200_000; n++) sizes.put(at(n), n)
  expect(sizes.count()).toBe(200_000)
  for (let n = 0; n < 200_000; n += 37) expect(sizes.get(at(n))).toBe(n)
  for (let n = 200_000; n < 400_000; n++) if (sizes.get(at(n)) !== undefined) throw new Error(`${at(n)} was not put there`)
})

test('a location that is put again has its last size', () => {
  const sizes = createStoredSizes()
  sizes.put(at(1), 1)
  sizes.put(at(1), 2)
  expect([sizes.count(), sizes.get(at(1))]).toEqual([1, 2])
})

test('keeps one part of about the same size as the others', () => {
  const sizes = createStoredSizes()
  for (let n = 0; n < 80_000; n++) sizes.put(at(n), n)
  sizes.keep(1, 8)
  expect(sizes.count()).toBeGreaterThan(9_500)
  expect(sizes.count()).toBeLessThan(10_500)
  for (let n = 0; n < 80_000; n += 11) expect(sizes.get(at(n))).toBe(partOf(at(n), 8) === 1 ? n : undefined)
})
