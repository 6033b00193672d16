import { expect, test } from '@jest/globals'
import type { Location } from './blob-store.ts'
import { createSmallBlobs } from './small-blobs.ts'

const at = (name: string): Location => name as Location

test('holds what fits, and lets go of what was read longest ago', () => {
  const blobs = createSmallBlobs(10)
  blobs.put(at('a'), Buffer.from('aaaa'))
  blobs.put(at('b'), Buffer.from('bbbb'))
  expect(blobs.get(at('a'))?.toString()).toBe('aaaa')
  blobs.put(at('c'), Buffer.from('cccc'))
  expect(blobs.get(at('b'))).toBeUndefined()
  expect(blobs.get(at('a'))?.toString()).toBe('aaaa')
  expect(blobs.get(at('c'))?.toString()).toBe('cccc')
})

test('putting the same again does not count twice, and what is larger than all of it is not held', () => {
  const blobs = createSmallBlobs(10)
  for (let count = 0; count < 5; count++) blobs.put(at('a'), Buffer.from('aaaa'))
  blobs.put(at('b'), Buffer.from('bbbb'))
  blobs.put(at('large'), Buffer.alloc(11))
  expect(blobs.get(at('large'))).toBeUndefined()
  expect([at('a'), at('b')].map((key) => blobs.get(key)?.length)).toEqual([4, 4])
})
