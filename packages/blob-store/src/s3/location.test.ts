import { describe, expect, test } from '@jest/globals'
import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { RegistryId } from '@roadstead/oci/registry.ts'
import { keysUnder, makeLocation } from './location.ts'

const name = '0123456789abcdef0123456789abcdef'
const blob = makeLocation(7 as RegistryId, name)
const at = (text: string) => text as Location

describe.each([
  ['', ''],
  ['a/b', 'a/b/'],
])('keys under %j', (prefix, start) => {
  const keys = keysUnder(prefix)

  test('lie under the registry', () => {
    expect(keys.of(undefined)).toBe(start)
    expect(keys.of(7 as RegistryId)).toBe(`${start}7/`)
    expect(keys.blob(blob)).toBe(`${start}7/${name}`)
    expect(keys.parked(blob, name.slice(16))).toBe(`${start}7/${name}.${name.slice(16)}`)
  })

  test('of what is listed come back', () => {
    for (const key of [keys.blob(blob), keys.parked(blob, name.slice(16))]) expect(keys.removable(keys.locationOf(key)!)).toBe(key)
    const unfinished = { key: keys.blob(blob), upload: 'a?b/c+d=~' }
    expect(keys.removable(keys.unfinishedAt(unfinished)!)).toEqual(unfinished)
  })

  test('of others are not taken for ours', () => {
    for (const key of ['', 'x', `${start}7/other`, `${start}7/${name}/x`, `${start}07/${name}`, `x${start}7/${name}`]) {
      expect(keys.locationOf(key)).toBeUndefined()
      expect(keys.unfinishedAt({ key, upload: 'u' })).toBeUndefined()
    }
    expect(keys.unfinishedAt({ key: keys.blob(blob), upload: 'with a blank' })).toBeUndefined()
  })
})

test.each(['', `../${name}`, `7/${name}x`, `7/${name}.short`, `7/${name}\n`, `7/${name}?`, `7/${name}? x`])('%j is no location', (text) => {
  const keys = keysUnder('p')
  expect(() => keys.removable(at(text))).toThrow('is not one of this store')
  expect(() => keys.blob(at(text))).toThrow('is not one of this store')
  expect(() => keys.parked(at(text), name.slice(16))).toThrow('is not one of this store')
})

test('only blobs are read: neither tails nor uploads', () => {
  const keys = keysUnder('p')
  expect(() => keys.blob(at(`7/${name}.${name.slice(16)}`))).toThrow('is not one of this store')
  expect(() => keys.blob(at(`7/${name}?u`))).toThrow('is not one of this store')
})

test('a name that is not fresh hexadecimal digits is refused', () => {
  expect(() => makeLocation(7 as RegistryId, 'x')).toThrow('32 hexadecimal digits')
})
