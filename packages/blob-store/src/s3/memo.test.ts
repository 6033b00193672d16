import { describe, expect, test } from '@jest/globals'
import type { Location } from '@roadstead/distribution/blob-store.ts'
import { createHash } from 'node:crypto'
import { memoOf, nothingStored, progressOf } from './memo.ts'
import type { Progress } from './memo.ts'

const location = 'x' as Location
const etag = (index: number) => createHash('md5').update(String(index)).digest('hex')

describe('the memory of an upload', () => {
  const cases: readonly (readonly [string, number, Progress])[] = [
    ['one object', 5, { ...nothingStored, whole: true }],
    ['a tail', 7, { ...nothingStored, parked: { name: 'a', size: 7 }, stale: ['b'] }],
    [
      'parts',
      30,
      {
        ...nothingStored,
        upload: 'up/load+=?&" ~',
        parts: [
          { size: 10, etag: etag(1) },
          { size: 10, etag: 'not an MD5, "quoted" ~=', crc32: 'AAAA+w==' },
          { size: 9, etag: etag(2), crc32: 'BBBB/w==' },
        ],
        parked: { name: 'a', size: 1 },
      },
    ],
  ]
  test.each(cases)('%s comes back', (_name, offset, progress) => {
    expect(progressOf({ location, offset, memo: memoOf(progress) })).toEqual(progress)
  })

  test('nothing is nothing', () => {
    expect(progressOf({ location, offset: 0 })).toEqual(nothingStored)
  })

  test('10,000 parts take less than 256 kB', () => {
    const parts = Array.from({ length: 10_000 }, (_, index) => ({ size: 8_388_608 + (index > 5_000 ? index : 0), etag: etag(index) }))
    expect(memoOf({ ...nothingStored, upload: 'u', parts: parts.slice(0, 5_000) }).length).toBeLessThan(125_000)
    expect(memoOf({ ...nothingStored, upload: 'u', parts }).length).toBeLessThan(320_000)
  })

  test.each([
    [1, undefined],
    [11, memoOf({ ...nothingStored, upload: 'u', parts: [{ size: 10, etag: etag(1) }] })],
    [0, '{"u":"x","s":[[2,5]],"e":"~AAAA"}'],
    [0, 'nonsense'],
  ])('one that does not fit the offset %d is an error (%s)', (offset, memo) => {
    expect(() => progressOf({ location, offset, ...(memo !== undefined && { memo }) })).toThrow()
  })
})
