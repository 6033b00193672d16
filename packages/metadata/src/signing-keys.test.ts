import { afterAll, expect, test } from '@jest/globals'
import { testDatabase } from '@roadstead/testing/database.ts'
import { createSigningKeys } from './signing-keys.ts'

const db = await testDatabase()
const { signingKeys } = db.metadata
afterAll(() => db.close())

const day = (n: number): Date => new Date(Date.UTC(2026, 0, n))
const key = (kid: string, createdAt: Date) => ({ kid, privateKey: `private ${kid}`, publicKey: `public ${kid}`, createdAt })

test('a key is added unless there is a young one, listed youngest first, and forgotten when old', async () => {
  expect(await signingKeys.list()).toEqual([])
  expect(await signingKeys.add(key('a', day(1)), day(0))).toBe(true)
  expect(await signingKeys.add(key('b', day(2)), day(0))).toBe(false)
  expect(await signingKeys.add(key('c', day(3)), day(2))).toBe(true)
  expect(await signingKeys.list()).toEqual([key('c', day(3)), key('a', day(1))])
  await signingKeys.removeOlder(day(2))
  expect(await signingKeys.list()).toEqual([key('c', day(3))])
})

test('of several replicas that rotate at once, one does', async () => {
  let late!: Promise<boolean>
  await db.database.atomically(async (transaction) => {
    expect(await createSigningKeys(transaction).add(key('first', day(20)), day(10))).toBe(true)
    late = signingKeys.add(key('second', day(20)), day(10))
    // It has to wait here: a look before our commit would find no young key.
    expect(await Promise.race([late, new Promise((resolve) => setTimeout(resolve, 50, 'waits'))])).toBe('waits')
  })
  expect(await late).toBe(false)
})
