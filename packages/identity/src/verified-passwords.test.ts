import { beforeAll, describe, expect, test } from '@jest/globals'
import { hashPassword } from './password.ts'
import { createVerifiedPasswords } from './verified-passwords.ts'

let first: string
let second: string
let time = 0
const now = (): Date => new Date(time)

beforeAll(async () => {
  ;[first, second] = await Promise.all([hashPassword('one'), hashPassword('two')])
})

const ask = (password: string, hashes: readonly string[] = [first, second]) => ({ registry: 1, account: 'myregistry', password, hashes })

describe('createVerifiedPasswords', () => {
  test('either password fits; both verdicts are known afterwards, for their lifetime', async () => {
    const passwords = createVerifiedPasswords(now, { lifetime: 60 })
    expect(passwords.known(ask('one'))).toBeUndefined()
    await expect(passwords.verify(ask('one'))).resolves.toBe(true)
    await expect(passwords.verify(ask('two'))).resolves.toBe(true)
    await expect(passwords.verify(ask('three'))).resolves.toBe(false)
    time += 59_999
    expect(['one', 'two', 'three'].map((password) => passwords.known(ask(password)))).toEqual([true, true, false])
    time += 1
    expect(['one', 'two', 'three'].map((password) => passwords.known(ask(password)))).toEqual([undefined, undefined, undefined])
  })

  test('another registry, account, password or stored text is another question', async () => {
    const passwords = createVerifiedPasswords(now)
    await passwords.verify(ask('one'))
    expect(passwords.known(ask('one'))).toBe(true)
    for (const other of [
      { ...ask('one'), registry: 2 },
      { ...ask('one'), account: 'other' },
      ask('one '),
      ask('one', [first]),
      ask('one', [await hashPassword('one'), second]),
      { ...ask('one'), account: 'myregistry","one' },
    ]) {
      expect(passwords.known(other)).toBeUndefined()
    }
  })

  test('a flood of wrong passwords stays within its bounds and leaves the right ones alone', async () => {
    const passwords = createVerifiedPasswords(now, { entries: 3 })
    await passwords.verify(ask('one'))
    for (const wrong of ['a', 'b', 'c', 'd']) await passwords.verify(ask(wrong, []))
    expect(['a', 'b', 'c', 'd'].map((wrong) => passwords.known(ask(wrong, [])))).toEqual([undefined, false, false, false])
    expect(passwords.known(ask('one'))).toBe(true)
  })

  test('one password asked for many times at once is hashed once; different ones have to wait, and too many are refused', async () => {
    const passwords = createVerifiedPasswords(now, { atOnce: 1, waiting: 1 })
    const same = Array.from({ length: 50 }, () => passwords.verify(ask('one')))
    const next = passwords.verify(ask('two'))
    const third = passwords.verify(ask('three'))
    await expect(third).rejects.toMatchObject({ code: 'TOOMANYREQUESTS', retryAfter: 5 })
    expect(await Promise.all([...same, next])).toEqual(Array.from({ length: 51 }, () => true))
    await expect(passwords.verify(ask('three'))).resolves.toBe(false)
  })
})
