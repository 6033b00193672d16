import { createPublicKey } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Unavailable } from '@roadstead/oci/errors.ts'
import { openDatabase } from '@roadstead/metadata/database.ts'
import { createMetadata } from '@roadstead/metadata/metadata.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { createSigningKeys } from './signing-keys.ts'
import type { SigningKeys } from './signing-keys.ts'

const minute = 60_000
const day = 24 * 60 * minute

let db: TestDatabase
let time: number
beforeEach(async () => {
  db = await testDatabase()
  time = Date.parse('2030-01-01T00:00:00Z')
})
afterEach(() => db.close())

const replica = (): SigningKeys => createSigningKeys(db.metadata.signingKeys, () => new Date(time))
const kids = async (keys: SigningKeys): Promise<unknown[]> => (await keys.publicKeys()).map(({ kid }) => kid)

describe('createSigningKeys', () => {
  test('makes a key on first use; replicas that start at once end up with the same one', async () => {
    const replicas = Array.from({ length: 8 }, replica)
    const used = await Promise.all(replicas.flatMap((keys) => [keys.current(), keys.current()]))
    expect(new Set(used.map(({ kid }) => kid)).size).toBe(1)
    expect(await db.metadata.signingKeys.list()).toHaveLength(1)
    for (const keys of replicas) expect(await keys.find(used[0]!.kid)).toBeDefined()
  })

  test('shows public halves only, as JWKs that are the keys', async () => {
    const keys = replica()
    const { kid } = await keys.current()
    const [jwk, ...others] = await keys.publicKeys()
    expect(others).toEqual([])
    expect(jwk).toEqual({ kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String), kid, alg: 'ES256', use: 'sig' })
    expect(createPublicKey({ key: jwk!, format: 'jwk' }).equals((await keys.find(kid))!)).toBe(true)
  })

  test('a key older than 30 days is followed by another, which signs only after every replica has had time to hear of it', async () => {
    const [keys, other] = [replica(), replica()]
    const old = (await keys.current()).kid
    await other.current()
    time += 30 * day
    expect((await keys.current()).kid).toBe(old)
    expect(await db.metadata.signingKeys.list()).toHaveLength(1)
    time += 1
    expect((await keys.current()).kid).toBe(old)
    const [young] = (await db.metadata.signingKeys.list()).map(({ kid }) => kid)
    expect(young).not.toBe(old)
    time += 9 * minute
    expect((await keys.current()).kid).toBe(old)
    expect((await other.current()).kid).toBe(old)
    time += minute
    expect((await keys.current()).kid).toBe(young)
    expect((await other.current()).kid).toBe(young)
    // Tokens of the old one stay good.
    expect(await keys.find(old)).toBeDefined()
    expect(await kids(other)).toEqual([young, old])
  })

  test('a key of 60 days verifies nothing, and is gone when the next one is made', async () => {
    const keys = replica()
    const { kid } = await keys.current()
    time += 60 * day - 1
    expect(await keys.find(kid)).toBeDefined()
    time += 1
    expect(await keys.find(kid)).toBeUndefined()
    expect(await keys.publicKeys()).toEqual([])
    const next = (await keys.current()).kid
    expect(next).not.toBe(kid)
    time += 1
    expect(await kids(replica())).toEqual([next])
  })

  test('an unknown id makes it look into the database, once in five seconds however many there are', async () => {
    const [keys, other] = [replica(), replica()]
    await keys.current()
    time += 5000
    db.statements()
    for (let index = 0; index < 50; index++) expect(await keys.find(`nobody ${index}`)).toBeUndefined()
    await Promise.all(['constructor', '__proto__', '../x', ''].map(async (kid) => expect(await keys.find(kid)).toBeUndefined()))
    expect(db.statements()).toEqual(['signing-keys.list'])
    time += 45 * day
    await other.current()
    time += 10 * minute
    const { kid } = await other.current()
    expect(await keys.find(kid)).toBeDefined()
  })

  test('known keys stay good while the database is away; what is not known is not called absent', async () => {
    const database = openDatabase({ url: db.url })
    const away = (): SigningKeys => createSigningKeys(createMetadata(database).signingKeys, () => new Date(time))
    const keys = away()
    const { kid } = await keys.current()
    await database.close()
    time += 10 * minute
    expect(await keys.find(kid)).toBeDefined()
    expect((await keys.current()).kid).toBe(kid)
    await expect(keys.find('nobody')).rejects.toThrow(Unavailable)
    await expect(away().current()).rejects.toThrow(Unavailable)
    await expect(away().find(kid)).rejects.toThrow(Unavailable)
  })
})
