import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Registry } from '@roadstead/oci/registry.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { adminAccount, createAuthenticator } from './authenticator.ts'
import type { Authenticator } from './authenticator.ts'
import type { PasswordSlot } from './credential-facts.ts'
import { hashPassword } from './password.ts'
import { createSignInLimits } from './sign-in-limits.ts'
import { createVerifiedPasswords } from './verified-passwords.ts'

let db: TestDatabase
let registry: Registry
let other: Registry
let authenticator: Authenticator

const address = '192.0.2.1'
const signIn = (password: string, { username = 'MyRegistry', at = registry, from = address } = {}) =>
  authenticator.authenticate(at, { username, password, address: from })
const setPassword = async (at: Registry, slot: PasswordSlot, password: string, expires?: Date): Promise<void> =>
  db.metadata.credentials.setPassword(at.id, adminAccount, { slot, hash: await hashPassword(password), ...(expires && { expires }) })

beforeAll(async () => {
  db = await testDatabase()
  const wanted = { name: 'MyRegistry', storage: 'memory:', adminEnabled: true }
  ;({ registry } = await db.metadata.ensureRegistry({ ...wanted, tenant: 'contoso' }))
  ;({ registry: other } = await db.metadata.ensureRegistry({ ...wanted, tenant: 'fabrikam' }))
  await setPassword(other, 1, 'theirs')
})
afterAll(() => db.close())

beforeEach(async () => {
  await setPassword(registry, 1, 'one')
  await setPassword(registry, 2, 'two')
  authenticator = createAuthenticator({
    credentials: db.metadata.credentials,
    limits: createSignInLimits({ perAccount: 5, perAddress: 8, window: 300 }),
    passwords: createVerifiedPasswords(() => new Date()),
  })
})

const admin = () => ({ id: `admin:${registry.id}`, kind: 'admin', name: registry.name })

describe('authenticate', () => {
  test('both passwords are good, the user name in capitals or not', async () => {
    expect(await signIn('one')).toEqual(admin())
    expect(await signIn('two', { username: 'myregistry' })).toEqual(admin())
    expect(await signIn('one', { username: 'MYREGISTRY' })).toEqual(admin())
  })

  test.each([
    ['a wrong password', 'three', {}],
    ['no password', '', {}],
    ['the password in capitals', 'ONE', {}],
    ['the password and more', 'one ', {}],
    ['both passwords', 'onetwo', {}],
    ['a NUL behind it', 'one\0', {}],
    ['the password of another registry', 'theirs', {}],
    ['no user name', 'one', { username: '' }],
    ['another user name', 'one', { username: 'admin' }],
    ['the null GUID', 'one', { username: '00000000-0000-0000-0000-000000000000' }],
    ['a look-alike user name', 'one', { username: 'MyRegi\u017ftry' }],
    ['a user name with a NUL', 'one', { username: 'myregistry\0' }],
    ['the login server as user name', 'one', { username: 'myregistry-contoso' }],
  ])('%s is nobody', async (_, password, about) => {
    expect(await signIn(password, about)).toBeUndefined()
  })

  test('nobody signs in to a disabled account, nor to one without passwords', async () => {
    expect(await signIn('one')).toBeDefined()
    expect(await signIn('one', { at: { ...registry, adminEnabled: false } })).toBeUndefined()
    const { registry: bare } = await db.metadata.ensureRegistry({ tenant: 'contoso', name: 'bare', storage: 'memory:', adminEnabled: true })
    expect(await signIn('', { at: bare, username: 'bare' })).toBeUndefined()
  })

  test('a replaced password is refused from that moment on, and the other one stays', async () => {
    expect(await signIn('one')).toBeDefined()
    expect(await signIn('two')).toBeDefined()
    await setPassword(registry, 1, 'new')
    expect(await signIn('one')).toBeUndefined()
    expect(await signIn('new')).toBeDefined()
    expect(await signIn('two')).toBeDefined()
  })

  test('an expired password is none', async () => {
    expect(await signIn('two')).toBeDefined()
    await setPassword(registry, 2, 'two', new Date(Date.now() - 1000))
    expect(await signIn('two')).toBeUndefined()
    expect(await signIn('one')).toBeDefined()
  })

  test('after too many guesses everything from this address has to wait, and nothing from another', async () => {
    for (let index = 0; index < 5; index++) expect(await signIn(`guess ${index}`)).toBeUndefined()
    await expect(signIn('guess 5')).rejects.toMatchObject({ code: 'TOOMANYREQUESTS', retryAfter: expect.any(Number) })
    await expect(signIn('one')).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' })
    expect(await signIn('one', { from: '192.0.2.2' })).toBeDefined()
    await expect(signIn('one')).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' })
    expect(await signIn('theirs', { at: other })).toBeDefined()
  })

  test('guesses at accounts that do not exist count for the address as well', async () => {
    for (let index = 0; index < 8; index++) expect(await signIn('guess', { username: `user${index}` })).toBeUndefined()
    await expect(signIn('one')).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' })
  })

  test('one wrong password is one guess, however often a forgotten job repeats it', async () => {
    for (let index = 0; index < 20; index++) expect(await signIn('old')).toBeUndefined()
    expect(await Promise.all(Array.from({ length: 20 }, () => signIn('older')))).toEqual(Array.from({ length: 20 }, () => undefined))
    expect(await signIn('one')).toBeDefined()
  })

  test('guesses made at once count each', async () => {
    const results = await Promise.allSettled(Array.from({ length: 30 }, (_, index) => signIn(`guess ${index}`)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  })

  test('a sign-in takes back the mistakes before it', async () => {
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < 3; index++) await signIn(`mistake ${round} ${index}`)
      expect(await signIn('one')).toBeDefined()
    }
  })

  test('passwords that fit are no guesses of the address', async () => {
    for (let round = 0; round < 10; round++) {
      await setPassword(registry, 1, `new ${round}`)
      expect(await signIn(`new ${round}`)).toEqual(admin())
    }
  })

  test('many sign-ins at once with the right password are no guesses', async () => {
    const results = await Promise.all(Array.from({ length: 100 }, (_, index) => signIn('two', { from: `192.0.2.${index % 3}` })))
    expect(results).toEqual(Array.from({ length: 100 }, admin))
  })

  test('the database is asked for every sign-in in the same way, whoever it is', async () => {
    const asked = []
    for (const username of ['myregistry', 'myregistry', 'nobody', 'x\0y']) {
      db.statements()
      await signIn('one', { username })
      asked.push(db.statements())
    }
    expect(asked).toEqual(Array.from({ length: 4 }, () => ['credentials.passwords']))
  })
})
