import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { verifyPassword } from '@roadstead/identity/password.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { ensureFirstRegistry } from './first-registry.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

const start = (registry: string, password?: string) =>
  ensureFirstRegistry(database.metadata, { tenant: 'contoso', registry, storage: 'embedded:blobs', password })

async function fits(registry: Awaited<ReturnType<typeof start>>['registry'], password: string): Promise<boolean> {
  const [first] = await database.metadata.credentials.passwords(registry.id, 'admin')
  return verifyPassword(password, first!.hash)
}

test('a first start makes the registry and a password, a second one changes nothing', async () => {
  const { registry, password } = await start('one')
  expect(registry).toMatchObject({ name: 'one', tenant: 'contoso', label: 'one-contoso', adminEnabled: true })
  if (password.kind !== 'made') throw new Error(`the password is ${password.kind}`)
  expect(await fits(registry, password.password)).toBe(true)
  expect((await start('one')).password).toEqual({ kind: 'kept' })
  expect(await fits(registry, password.password)).toBe(true)
})

test('a password from the settings is set, kept, and replaced by another one', async () => {
  const { registry, password } = await start('two', 'first')
  expect(password).toEqual({ kind: 'set' })
  expect((await start('two', 'first')).password).toEqual({ kind: 'kept' })
  expect((await start('two', 'second')).password).toEqual({ kind: 'replaced' })
  expect([await fits(registry, 'first'), await fits(registry, 'second')]).toEqual([false, true])
})

test('of two processes that start for the first time at once, one prints a password that holds', async () => {
  const both = await Promise.all([start('three'), start('three')])
  const made = both.flatMap(({ password }) => (password.kind === 'made' ? [password.password] : []))
  expect(made).toHaveLength(1)
  expect(await fits(both[0].registry, made[0]!)).toBe(true)
})

test('a registry whose first start broke off before its password was set gets one', async () => {
  await database.metadata.ensureRegistry({ tenant: 'contoso', name: 'four', storage: 'embedded:blobs', adminEnabled: true })
  expect((await start('four')).password.kind).toBe('made')
})
