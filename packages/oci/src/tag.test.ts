import { describe, expect, test } from '@jest/globals'
import { parseTag } from './tag.ts'

describe('a tag', () => {
  test.each(['a', '1.0.1', 'latest', '_', '_a', 'A-Z.b_c', 'v1', 'a'.repeat(128), `sha256-${'0'.repeat(64)}.sig`, '0..-_'])(
    '%s is one',
    (text) => expect(parseTag(text)).toBe(text),
  )

  test.each([
    '',
    '.',
    '-',
    '.a',
    '-a',
    'a b',
    'a/b',
    'a:b',
    'a@b',
    'a+b',
    'a\n',
    '\na',
    'a\0',
    'é',
    'ſ',
    '\u212a',
    'v1%20',
    'a'.repeat(129),
    'a'.repeat(65_536),
  ])('%j is none', (text) => expect(parseTag(text)).toBeUndefined())
})
