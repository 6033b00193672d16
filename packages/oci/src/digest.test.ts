import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { createHash } from 'node:crypto'
import { digestAlgorithm, digestFromBytes, digestHex, digestOfHash, digestToBytes, parseDigest, parseDigestAlgorithm } from './digest.ts'
import type { Digest, DigestAlgorithm } from './digest.ts'

const hex64 = '0123456789abcdef'.repeat(4)
const hex128 = hex64 + hex64

const algorithm = fc.constantFrom<DigestAlgorithm>('sha256', 'sha512')
const digest = fc.tuple(algorithm, fc.uint8Array()).map(([name, bytes]) => digestOfHash(name, createHash(name).update(bytes).digest()))

describe('a digest', () => {
  test.each([`sha256:${hex64}`, `sha512:${hex128}`, `sha256:${'0'.repeat(64)}`])('%s is one', (text) => {
    expect(parseDigest(text)).toBe(text)
  })

  test.each([
    '',
    ':',
    'sha256',
    'sha256:',
    hex64,
    `:${hex64}`,
    `sha256:${hex64.slice(1)}`,
    `sha256:${hex64}0`,
    `sha256:${hex128}`,
    `sha512:${hex64}`,
    `sha256:${hex64.toUpperCase()}`,
    `SHA256:${hex64}`,
    `sha256:${hex64.slice(1)}g`,
    `sha256:${hex64}\n`,
    ` sha256:${hex64}`,
    `sha256::${hex64.slice(1)}`,
    `sha256-${hex64}`,
    `sha256:${'é'.repeat(64)}`,
    `sha256:${'../'.repeat(21)}x`,
    `sha256:..%2f..%2fetc%2fpasswd`,
    `md5:${hex64.slice(32)}`,
    `sha384:${hex64}${hex64.slice(32)}`,
    `sha1:${hex64.slice(24)}`,
    `blake3:${hex64}`,
    `sha256+b64:${hex64}`,
    `constructor:${hex64}`,
    `__proto__:${hex64}`,
    `toString:${hex64}`,
    `sha256\0:${hex64}`,
  ])('%j is none', (text) => {
    expect(parseDigest(text)).toBeUndefined()
  })

  test('is made of an algorithm and what the hash gave', () => {
    const text = digestOfHash('sha256', createHash('sha256').update('').digest())
    expect(text).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(digestAlgorithm(text)).toBe('sha256')
    expect(digestHex(text)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })

  test('can be told apart, stored in few bytes and read back', () => {
    fc.assert(
      fc.property(digest, (text) => {
        expect(parseDigest(text)).toBe(text)
        expect(`${digestAlgorithm(text)}:${digestHex(text)}`).toBe(text)
        const bytes = digestToBytes(text)
        expect(bytes).toHaveLength(digestAlgorithm(text) === 'sha256' ? 33 : 65)
        expect(digestFromBytes(bytes)).toBe(text)
        expect(digestFromBytes(Buffer.concat([Buffer.alloc(3), bytes]).subarray(3))).toBe(text)
      }),
    )
  })

  test('reads any text without an accident', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), digest), (text) => {
        const parsed = parseDigest(text)
        expect(parsed === undefined || parsed === text).toBe(true)
      }),
    )
    for (const text of ['sha256:', ':', 'a', '0'].map((part) => part.repeat(65_536 / part.length)))
      expect(parseDigest(text)).toBeUndefined()
  })

  test.each([
    [[]],
    [[1]],
    [[1, ...Array(31).fill(0)]],
    [[1, ...Array(64).fill(0)]],
    [[2, ...Array(32).fill(0)]],
    [[3, ...Array(32).fill(0)]],
  ])('stored as %j is damage', (bytes) => {
    expect(() => digestFromBytes(Uint8Array.from(bytes))).toThrow('is not one of ours')
  })
})

describe('a digest algorithm', () => {
  test.each(['sha256', 'sha512'])('%s is offered', (text) => expect(parseDigestAlgorithm(text)).toBe(text))
  test.each(['', 'sha1', 'md5', 'SHA256', 'sha256:', 'constructor', '__proto__', 'hasOwnProperty'])('%j is not', (text) =>
    expect(parseDigestAlgorithm(text)).toBeUndefined(),
  )
})

test('two digests have the same bytes only if they are the same', () => {
  fc.assert(
    fc.property(digest, digest, (one: Digest, other: Digest) => digestToBytes(one).equals(digestToBytes(other)) === (one === other)),
  )
})
