import { afterAll, beforeEach, expect, test } from '@jest/globals'
import { blob } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import { testRegistry } from '@roadstead/testing/registries.ts'
import { sql } from './sql.ts'

const db = await testDatabase()
const { scrubs } = db.metadata
afterAll(() => db.close())

const long = 3_600_000

beforeEach(async () => {
  await db.database.query(sql`/* test.reset */ TRUNCATE registries CASCADE`)
})

test('each registry is claimed once, goes on where it stopped, and is due again after the interval', async () => {
  const [first, second] = [await testRegistry(db.metadata), await testRegistry(db.metadata)]
  expect(await scrubs.claim(long, long)).toEqual({ registry: first, after: undefined })
  expect(await scrubs.claim(long, 0)).toEqual({ registry: second, after: undefined })
  await scrubs.advance(second, blob('here').digest, 0)
  expect(await scrubs.claim(long, long)).toEqual({ registry: second, after: blob('here').digest })
  expect(await scrubs.claim(long, long)).toBeUndefined()
  await scrubs.finish(first)
  expect(await scrubs.claim(long, long)).toBeUndefined()
  expect(await scrubs.claim(0, long)).toEqual({ registry: first, after: undefined })
})

test('of many that ask at once each registry goes to one', async () => {
  const ids = new Set<number>()
  for (let count = 0; count < 5; count++) ids.add((await testRegistry(db.metadata)).id)
  const claims = []
  for (let round = 0; round < 10 && claims.length < 5; round++) {
    const answers = await Promise.all(Array.from({ length: 8 }, () => scrubs.claim(long, long)))
    claims.push(...answers.filter((claim) => claim !== undefined).map(({ registry }) => registry.id as number))
  }
  expect(claims.length).toBe(5)
  expect(new Set(claims)).toEqual(ids)
})
