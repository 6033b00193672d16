import { describe, expect, test } from '@jest/globals'
import { RegistryError } from './errors.ts'
import { formatReference, parseReference } from './reference.ts'

const digest = `sha256:${'ab'.repeat(32)}`

describe('a reference', () => {
  test('is a tag or a digest, and can be written again', () => {
    expect(parseReference('v1')).toEqual({ kind: 'tag', tag: 'v1' })
    expect(parseReference(digest)).toEqual({ kind: 'digest', digest })
    for (const text of ['v1', digest]) expect(formatReference(parseReference(text))).toBe(text)
  })

  test('without a colon is a tag, even where it looks like a digest', () => {
    expect(parseReference('ab'.repeat(32)).kind).toBe('tag')
    expect(parseReference(digest.replace(':', '-')).kind).toBe('tag')
  })

  test.each([
    [':', 'DIGEST_INVALID'],
    ['sha256:short', 'DIGEST_INVALID'],
    ['md5:d41d8cd98f00b204e9800998ecf8427e', 'DIGEST_INVALID'],
    [`v1@${digest}`, 'DIGEST_INVALID'],
    [digest.toUpperCase(), 'DIGEST_INVALID'],
    ['', 'MANIFEST_INVALID'],
    ['.hidden', 'MANIFEST_INVALID'],
    ['a'.repeat(129), 'MANIFEST_INVALID'],
    ['a/b', 'MANIFEST_INVALID'],
  ])('%j is refused with %s', (text, code) => {
    expect(() => parseReference(text)).toThrow(RegistryError)
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code }))
  })
})
