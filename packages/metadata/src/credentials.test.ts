import { afterAll, expect, test } from '@jest/globals'
import { testDatabase } from '@roadstead/testing/database.ts'
import { testRegistry } from '@roadstead/testing/registries.ts'

const db = await testDatabase()
const { credentials } = db.metadata
afterAll(() => db.close())

test('an account has two passwords, each replaced by itself', async () => {
  const { id } = await testRegistry(db.metadata)
  expect(await credentials.passwords(id, 'admin')).toEqual([])
  await credentials.setPassword(id, 'admin', { slot: 2, hash: 'second' })
  await credentials.setPassword(id, 'admin', { slot: 1, hash: 'first' })
  await credentials.setPassword(id, 'admin', { slot: 2, hash: 'replaced' })
  expect(await credentials.passwords(id, 'admin')).toEqual([
    { slot: 1, hash: 'first' },
    { slot: 2, hash: 'replaced' },
  ])
  expect(await credentials.passwords(id, 'Admin')).toEqual([])
})

test('a password that expired is gone', async () => {
  const { id } = await testRegistry(db.metadata)
  const expires = new Date('2999-01-01T00:00:00Z')
  await credentials.setPassword(id, 'admin', { slot: 1, hash: 'old', expires: new Date('2000-01-01T00:00:00Z') })
  await credentials.setPassword(id, 'admin', { slot: 2, hash: 'young', expires })
  expect(await credentials.passwords(id, 'admin')).toEqual([{ slot: 2, hash: 'young', expires }])
})

test.each(['nul \0 inside', '\ud800', 'x'.repeat(100_000), '', "'--"])(
  '%j is an account that does not exist, and no failure',
  async (account) => {
    const { id } = await testRegistry(db.metadata)
    expect(await credentials.passwords(id, account)).toEqual([])
  },
)
