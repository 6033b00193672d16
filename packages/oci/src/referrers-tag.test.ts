import { describe, expect, test } from '@jest/globals'
import { parseDigest } from './digest.ts'
import { referrersTag, subjectOfReferrersTag } from './referrers-tag.ts'
import { parseTag } from './tag.ts'

const hex64 = '0123456789abcdef'.repeat(4)
const sha256 = parseDigest(`sha256:${hex64}`)!
const sha512 = parseDigest(`sha512:${hex64}${'f'.repeat(64)}`)!

describe('the referrers tag', () => {
  test('of a subject is a valid tag, cut to 64 digits', () => {
    expect(referrersTag(sha256)).toBe(`sha256-${hex64}`)
    expect(referrersTag(sha512)).toBe(`sha512-${hex64}`)
    for (const digest of [sha256, sha512]) expect(parseTag(referrersTag(digest))).toBe(referrersTag(digest))
  })

  test('tells its subject where nothing was cut off', () => {
    expect(subjectOfReferrersTag(referrersTag(sha256))).toBe(sha256)
    expect(subjectOfReferrersTag(referrersTag(sha512))).toBeUndefined()
  })

  test.each([
    'latest',
    'sha256-',
    `sha256-${hex64}0`,
    `sha256-${hex64.slice(1)}`,
    `sha256-${hex64}.sig`,
    `sha256-${hex64.toUpperCase()}`,
    `xsha256-${hex64}`,
    `md5-${hex64}`,
  ])('%s is not of that schema', (text) => expect(subjectOfReferrersTag(parseTag(text)!)).toBeUndefined())
})
