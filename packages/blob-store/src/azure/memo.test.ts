import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Location } from '@roadstead/distribution/blob-store.ts'
import { blockId, blockIds, countBlocks, readMemo, sealOf, tailBlockId, writeMemo } from './memo.ts'

const nonces = fc.uint8Array({ minLength: 9, maxLength: 9 }).map((bytes) => Buffer.from(bytes).toString('base64'))
const locations = fc
  .tuple(fc.nat(), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map(([registry, name]) => `${registry}/${Buffer.from(name).toString('hex')}` as Location)
const tails = fc.record({ location: locations, length: fc.integer({ min: 1, max: 2 ** 40 }), pieces: fc.integer({ min: 1, max: 50_000 }) })
const memos = fc.record(
  {
    runs: fc.array(fc.record({ nonce: nonces, count: fc.integer({ min: 1, max: 50_000 }) })),
    obsolete: fc.array(locations),
    tail: tails,
  },
  { requiredKeys: ['runs', 'obsolete'] },
)

test('a memo comes back as it was', () => {
  fc.assert(fc.property(memos, (memo) => expect(readMemo(writeMemo(memo))).toEqual(memo)))
})

test('an upload without blocks needs none', () => {
  expect(writeMemo({ runs: [], obsolete: [] })).toBeUndefined()
  expect(readMemo(undefined)).toEqual({ runs: [], obsolete: [] })
})

test.each(['', '|', 'x', '|||', 'AAAABBBBCCCC.0||', 'AAAABBBBCCCC||', 'AAAABBBBCCC.1||', 'AAAABBBBCCCC.01||', '|7/ab|', '|7/ab.1.-1|'])(
  '%j is no memo',
  (text) => {
    expect(() => readMemo(text)).toThrow(/memo/)
  },
)

test('4,000 appends of a block each take less than 64 kB', () => {
  const runs = Array.from({ length: 4_000 }, () => ({ nonce: 'AAAABBBBCCCC', count: 1 }))
  expect(writeMemo({ runs, obsolete: [] })!.length).toBeLessThan(64 * 1024)
})

describe('block ids', () => {
  const location = `7/${'ab'.repeat(16)}` as Location

  test('are base64, all of one length, and never the same', () => {
    const runs = [
      { nonce: 'AAAABBBBCCCC', count: 300 },
      { nonce: 'AAAABBBBCCCD', count: 49_000 },
    ]
    const ids = blockIds({ runs, tail: { location, length: 5, pieces: 1 }, obsolete: [] })
    expect(ids).toHaveLength(countBlocks(runs) + 1)
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(Buffer.from(id, 'base64').toString('base64')).toBe(id)
    expect(new Set(ids.map((id) => Buffer.from(id, 'base64').length))).toEqual(new Set([12]))
  })

  test('of a tail follow from what it holds', () => {
    const id = tailBlockId({ location, length: 5, pieces: 1 })
    expect(tailBlockId({ location, length: 5, pieces: 2 })).toBe(id)
    expect(tailBlockId({ location, length: 6, pieces: 1 })).not.toBe(id)
  })
})

test('a seal stands for the blocks, their order and the size', () => {
  const [one, two] = [blockId('AAAABBBBCCCC', 0), blockId('AAAABBBBCCCC', 1)]
  const seals = [sealOf([one, two], 9), sealOf([two, one], 9), sealOf([one], 9), sealOf([one, two], 8), sealOf([], 0)]
  expect(new Set(seals).size).toBe(seals.length)
  expect(sealOf([one, two], 9)).toBe(seals[0])
})
