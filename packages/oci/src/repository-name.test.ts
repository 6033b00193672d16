import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { parseRepositoryName, repositoryNameLimit } from './repository-name.ts'

describe('a repository name', () => {
  test.each([
    'a',
    '0',
    'aspnetcore',
    'warrantydept/dotnet-build',
    'warrantydept/customersubmissions/web',
    'a.b',
    'a_b',
    'a__b',
    'a-b',
    'a---b',
    'a.b_c__d-e--f/0.0',
    'x/blobs/uploads',
    'tags/list',
    'a/b/c/d/e/f/g/h',
    'a'.repeat(255),
    `${'a/'.repeat(127)}a`,
  ])('%s is one', (text) => expect(parseRepositoryName(text)).toBe(text))

  test.each([
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    'A',
    'aB',
    '.a',
    'a.',
    '-a',
    'a-',
    '_a',
    'a_',
    'a..b',
    'a___b',
    'a._b',
    'a-_b',
    'a-.b',
    'a/.b',
    'a/-',
    '.',
    '..',
    '../a',
    'a/../b',
    'a b',
    'a\n',
    '\na',
    'a\0',
    'a%2fb',
    'a:b',
    'a@b',
    'a\\b',
    'é',
    'аbc',
    'ſ',
    '\u212a',
    'a'.repeat(256),
    `${'a/'.repeat(127)}ab`,
    'a'.repeat(8_000),
  ])('%j is none', (text) => expect(parseRepositoryName(text)).toBeUndefined())

  test('is what an oracle that was written another way says', () => {
    const piece = fc.constantFrom('a', 'z', '0', '9', 'ab1', '.', '_', '__', '-', '--', '/', 'A', 'é', ' ', '%', ':')
    const text = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(text, (name) => {
        expect(parseRepositoryName(name) !== undefined).toBe(isNameToTheOracle(name))
      }),
      { numRuns: 5_000 },
    )
  })

  test('is judged in passing, however long and nasty the text', () => {
    for (const part of ['a', '-', '_', 'a-', 'a_', '__a', 'a/', 'a.', '0-_']) {
      const text = part.repeat(Math.ceil(65_536 / part.length))
      expect(parseRepositoryName(text)).toBeUndefined()
      expect(parseRepositoryName(`${text}!`)).toBeUndefined()
      const longest = part.repeat(repositoryNameLimit).slice(0, repositoryNameLimit - 1)
      expect(parseRepositoryName(`${longest}!`)).toBeUndefined()
    }
  })
})

/** Splits into components, and those into runs, and looks at each run. */
function isNameToTheOracle(name: string): boolean {
  if (name.length > 255) return false
  for (const component of name.split('/')) {
    let separator = ''
    let last = 'separator'
    for (const character of component) {
      const isAlphanumeric = (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9')
      if (!isAlphanumeric) {
        if (last === 'separator' && separator === '') return false
        separator += character
        last = 'separator'
        continue
      }
      const isGood = separator === '' || ['.', '_', '__'].includes(separator) || separator.replaceAll('-', '') === ''
      if (!isGood) return false
      separator = ''
      last = 'letter'
    }
    if (last === 'separator') return false
  }
  return true
}
