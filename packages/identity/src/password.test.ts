import { createHash, randomBytes, scryptSync } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { generatePassword, hashPassword, unmatchableHash, verifyPassword } from './password.ts'

describe('hashPassword and verifyPassword', () => {
  test.each(['secret', '', ' ', 'pässwörd 🔑', 'a:b:c', 'x'.repeat(1000)])(
    '%j fits its own hash and no neighbour of it',
    async (password) => {
      const text = await hashPassword(password)
      await expect(verifyPassword(password, text)).resolves.toBe(true)
      await expect(verifyPassword(`${password}x`, text)).resolves.toBe(false)
      await expect(verifyPassword(password.slice(0, -1) + '!', text)).resolves.toBe(false)
    },
  )

  test('every character counts, also behind the 72nd byte and behind a NUL', async () => {
    const text = await hashPassword(`${'a'.repeat(72)}b`)
    await expect(verifyPassword(`${'a'.repeat(72)}c`, text)).resolves.toBe(false)
    await expect(verifyPassword('a'.repeat(72), text)).resolves.toBe(false)
    await expect(verifyPassword('a\0c', await hashPassword('a\0b'))).resolves.toBe(false)
    await expect(verifyPassword('a\0', await hashPassword('a'))).resolves.toBe(false)
  })

  test('one password has another text each time, and the text tells the parameters', async () => {
    const [first, second] = await Promise.all([hashPassword('secret'), hashPassword('secret')])
    expect(first).not.toBe(second)
    expect(first).toMatch(/^\$sha256-scrypt\$ln=14,r=8,p=1\$/)
    expect(first).not.toContain('secret')
  })

  test('a text with other parameters is verified with those', async () => {
    const salt = randomBytes(16)
    const hash = scryptSync(createHash('sha256').update('secret').digest(), salt, 32, { N: 1024, r: 4, p: 2 })
    const text = (ln: number): string => `$sha256-scrypt$ln=${ln},r=4,p=2$${salt.toString('base64url')}$${hash.toString('base64url')}`
    await expect(verifyPassword('secret', text(10))).resolves.toBe(true)
    await expect(verifyPassword('secret', text(11))).resolves.toBe(false)
  })

  test.each(['', 'secret', '$sha256-scrypt$ln=14,r=8,p=1$$', '$2b$10$abcdefghijklmnopqrstuv', '$sha256-scrypt$ln=99999,r=8,p=1$a$b'])(
    'a damaged text %j is an error, not a wrong password',
    async (text) => {
      await expect(verifyPassword('secret', text)).rejects.toThrow('damaged')
    },
  )

  test('the unmatchable hash is verified like any other and fits nothing', async () => {
    const text = unmatchableHash()
    expect(text).toHaveLength((await hashPassword('secret')).length)
    await expect(verifyPassword('', text)).resolves.toBe(false)
    await expect(verifyPassword(text, text)).resolves.toBe(false)
  })
})

describe('generatePassword', () => {
  test('44 letters and digits, a letter first, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.integer({ min: 0, max: 255 })), (stream) => {
        // Followed by good randomness: no amount of bytes above 247 or of digits ever gives a first letter.
        let left = 500
        const random = (size: number): Buffer => (left-- > 0 ? Buffer.from([...take(stream, size)]) : randomBytes(size))
        expect(generatePassword(random)).toMatch(/^[A-Za-z][A-Za-z0-9]{43}$/)
      }),
    )
  })

  test('no two are alike, and every character occurs about as often', () => {
    const passwords = Array.from({ length: 2000 }, () => generatePassword(randomBytes))
    expect(new Set(passwords).size).toBe(2000)
    const counts = new Map<string, number>()
    for (const character of passwords.map((password) => password.slice(1)).join('')) counts.set(character, (counts.get(character) ?? 0) + 1)
    expect(counts.size).toBe(62)
    // 1387 expected each, standard deviation 37.
    expect(Math.min(...counts.values())).toBeGreaterThan(1387 - 8 * 37)
    expect(Math.max(...counts.values())).toBeLessThan(1387 + 8 * 37)
  })
})

function* take(stream: Iterator<number>, count: number): Generator<number> {
  for (let index = 0; index < count; index++) yield stream.next().value as number
}
