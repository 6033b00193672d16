import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { RegistryError } from './errors.ts'
import { isJsonObject, parseStrictJson } from './strict-json.ts'
import type { Json } from './strict-json.ts'

const parse = (text: string): Json => parseStrictJson(Buffer.from(text))
const invalid = expect.objectContaining({ code: 'MANIFEST_INVALID' }) as unknown as Error

describe('strict JSON', () => {
  test('agrees with JSON.parse on every document that names no member twice', () => {
    const document = fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' })
    fc.assert(
      fc.property(document, fc.constantFrom('', ' ', '\t', '\n'), (value, space) => {
        const text = JSON.stringify(value, undefined, space)
        expect(parse(text)).toEqual(JSON.parse(text))
        expect(parse(` \r\n\t${text} \r\n\t`)).toEqual(JSON.parse(text))
      }),
      { numRuns: 500 },
    )
  })

  test('takes nothing that JSON.parse refuses, and fails in one way only', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      '"a"',
      '"a":',
      ':',
      ',',
      '1',
      '-',
      '1e400',
      '0.',
      '\\',
      '\\u0061',
      'true',
      'null',
      ' ',
      '\ufeff',
      'x',
    )
    const text = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, (each) => {
        let strict: { value: Json } | undefined
        try {
          strict = { value: parse(each) }
        } catch (error) {
          expect(error).toBeInstanceOf(RegistryError)
        }
        if (strict !== undefined) expect(strict.value).toEqual(JSON.parse(each))
      }),
      { numRuns: 5_000 },
    )
  })

  test.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"\\u0061":1,"\\u0061":2}',
    '{"a\\/b":1,"a/b":2}',
    '{"":1,"":2}',
    '{"\\ud83d\\ude00":1,"😀":2}',
    '{"a":1,"b":{"a":1},"c":[{"a":1}],"a":2}',
    '[{"b":{"x":[],"x":[]}}]',
    '{"a" : 1 , "b":"}" , "a"\n:\t2}',
    '{"__proto__":1,"__proto__":2}',
    '{"a\\"":1,"b":"\\\\","a\\"":1}',
  ])('%s names a member twice', (text) => expect(() => parse(text)).toThrow(invalid))

  test.each([
    '{"a":{"a":{"a":[{"a":1},{"a":1}]}}}',
    '[{"a":1},{"a":1}]',
    '{"a":"a","b":"a"}',
    '{"a":["a","a"]}',
    '{"a":"b:","b":"a\\":"}',
    '{"a":1,"A":2}',
    '{"a":1,"a ":2}',
    '{"é":1,"e\u0301":2}',
    '{"__proto__":{"a":1},"constructor":2}',
  ])('%s does not', (text) => expect(parse(text)).toEqual(JSON.parse(text)))

  test.each(['1e400', '-1e400', '[1e309]', '{"size":1e999}', `1${'0'.repeat(400)}`, '{"a":-1E+400}'])('%s is out of range', (text) =>
    expect(() => parse(text)).toThrow(invalid),
  )

  test.each(['0', '-0', '1.5e3', '1E-7', '9007199254740993', '1.7976931348623157e308', '["1e400"]', '{"1e400":1}'])('%s is not', (text) =>
    expect(parse(text)).toEqual(JSON.parse(text)),
  )

  test.each([
    '',
    ' ',
    '{',
    '}',
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    "{'a':1}",
    '1 2',
    '{} {}',
    '{}x',
    'null\0',
    '[1]//c',
    '/**/1',
    'NaN',
    'Infinity',
    '01',
    '+1',
    '.5',
    '"\n"',
    '"\\x41"',
    '"',
    '\\',
  ])('%j is no JSON', (text) => expect(() => parse(text)).toThrow(invalid))

  test.each([
    ['a byte order mark', [0xef, 0xbb, 0xbf, 0x7b, 0x7d]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate in UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a code point beyond Unicode', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
    ['a sequence that is cut off', [0x22, 0xe2, 0x82]],
  ])('%s is refused', (_, bytes) => {
    expect(() => parseStrictJson(Uint8Array.from(bytes))).toThrow(invalid)
    // What was refused before must not linger in the decoder.
    expect(parse('"é"')).toBe('é')
  })

  test.each([
    ['[', ']'],
    ['{"a":', '}'],
  ])('64 levels of %s are taken, 65 are not', (open, close) => {
    const nested = (depth: number) => `${open.repeat(depth)}${open === '[' ? '' : '1'}${close.repeat(depth)}`
    expect(parse(nested(64))).toEqual(JSON.parse(nested(64)))
    expect(() => parse(nested(65))).toThrow(invalid)
  })

  test('brackets in strings and side by side are not deep', () => {
    const text = JSON.stringify({ a: '['.repeat(1_000), b: '\\"['.repeat(100), c: Array.from({ length: 1_000 }, () => [{}]) })
    expect(parse(text)).toEqual(JSON.parse(text))
  })

  test.each(['[', '{"a":', '[{', '"', '\\"', '"\\', '1', '-', '":', ' ', '{"a":1}'])(
    'a hundred thousand of %j are refused in passing',
    (part) => {
      expect(() => parse(part.repeat(100_000))).toThrow()
      expect(() => parse(`[${part.repeat(100_000)}`)).toThrow(RegistryError)
    },
  )

  test('a document of 4 MiB is read', () => {
    const value = { text: 'é"\\'.repeat(200_000), list: Array.from({ length: 100_000 }, (_, index) => ({ [`k${index}`]: index })) }
    const bytes = Buffer.from(JSON.stringify(value))
    expect(parseStrictJson(bytes)).toEqual(value)
  })
})

test('an object is neither null nor a list nor a text', () => {
  expect([{}, { a: 1 }].every((value) => isJsonObject(value))).toBe(true)
  expect([null, [], 'a', 1, true, undefined].some((value) => isJsonObject(value))).toBe(false)
})
