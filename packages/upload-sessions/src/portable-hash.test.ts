import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from '@jest/globals'
import type { PortableHash, PortableHashes } from '@roadstead/distribution/portable-hash.ts'
import type { DigestAlgorithm } from '@roadstead/oci/digest.ts'
import * as fc from 'fast-check'
import { loadPortableHashes } from './portable-hash.ts'

let hashes: PortableHashes
beforeAll(async () => {
  hashes = await loadPortableHashes()
})

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const native = (algorithm: DigestAlgorithm, ...parts: readonly Uint8Array[]): string =>
  createHash(algorithm).update(Buffer.concat(parts)).digest('hex')

function updated(hash: PortableHash, ...parts: readonly Uint8Array[]): PortableHash {
  for (const part of parts) hash.update(part)
  return hash
}

describe.each(['sha256', 'sha512'] as const)('a portable %s', (algorithm) => {
  test('of any bytes, split anywhere, written down anywhere by one process and taken up by another, is the native one', async () => {
    const others = await loadPortableHashes()
    const part = fc.record({ bytes: fc.uint8Array({ maxLength: 400 }), travels: fc.boolean(), asked: fc.boolean() })
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        let offset = 0
        let hash = hashes.start(algorithm)
        for (const [index, { bytes, travels, asked }] of parts.entries()) {
          hash.update(bytes)
          offset += bytes.length
          if (asked) expect(hex(hash.digest())).toBe(native(algorithm, ...parts.slice(0, index + 1).map((one) => one.bytes)))
          if (travels) hash = (index % 2 === 0 ? others : hashes).resume(algorithm, offset, hash.state())!
        }
        expect(hex(hash.digest())).toBe(native(algorithm, ...parts.map(({ bytes }) => bytes)))
      }),
    )
  })

  test('goes on after each number of bytes around the size of a block', () => {
    const bytes = Buffer.from(Array.from({ length: 300 }, (_, index) => index))
    for (let at = 0; at <= bytes.length; at++) {
      const state = updated(hashes.start(algorithm), bytes.subarray(0, at)).state()
      expect(hex(updated(hashes.resume(algorithm, at, state)!, bytes.subarray(at)).digest())).toBe(native(algorithm, bytes))
    }
  })

  test('takes pieces of a megabyte, also from the middle of a larger buffer', () => {
    const large = Buffer.alloc(3_000_001, 'roadstead ')
    const pieces = [large.subarray(7, 1_000_000), large.subarray(1_000_000)]
    expect(hex(updated(hashes.start(algorithm), ...pieces).digest())).toBe(native(algorithm, ...pieces))
  })

  test('does not get in the way of others that go on at the same time', () => {
    const [one, other] = [hashes.start(algorithm), hashes.start(algorithm)]
    for (let index = 0; index < 50; index++) {
      updated(one, Buffer.from(`one ${index}`))
      updated(other, Buffer.from(`other ${index}`))
      other.digest()
    }
    const all = (name: string): Buffer => Buffer.from(Array.from({ length: 50 }, (_, index) => `${name} ${index}`).join(''))
    expect(hex(one.digest())).toBe(native(algorithm, all('one')))
    expect(hex(other.digest())).toBe(native(algorithm, all('other')))
  })

  test('is written down in at most 320 characters', () => {
    expect(updated(hashes.start(algorithm), Buffer.alloc(1_000_127)).state().length).toBeLessThanOrEqual(320)
  })

  test('is not taken up from a state of other bytes, another algorithm, another offset, or none', () => {
    const state = updated(hashes.start(algorithm), Buffer.from('some bytes')).state()
    const other = algorithm === 'sha256' ? 'sha512' : 'sha256'
    expect(hashes.resume(algorithm, 10, state)).toBeDefined()
    expect(hashes.resume(other, 10, state)).toBeUndefined()
    expect(hashes.resume(algorithm, 9, state)).toBeUndefined()
    for (const odd of ['', 'AQ==', '{}', '\0', 'ü', state.slice(0, -8), `${state.slice(0, -4)}AAAAAAAA`, hashes.start(other).state()]) {
      expect(hashes.resume(algorithm, 10, odd)).toBeUndefined()
    }
    const bytes = Buffer.from(state, 'base64')
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at]! ^= 1 << (at % 8)
      expect(hashes.resume(algorithm, 10, changed.toString('base64'))).toBeUndefined()
    }
  })

  test('takes any text for a state without a failure', () => {
    fc.assert(fc.property(fc.string(), fc.nat(), (text, offset) => expect(hashes.resume(algorithm, offset, text)).toBeUndefined()))
  })
})
