import { afterAll, expect, test } from '@jest/globals'
import { emptyDatabase, testDatabase } from '@roadstead/testing/database.ts'
import { readFile } from 'node:fs/promises'
import { describeSchema } from './describe-schema.ts'
import { migrate } from './migrate.ts'
import { sql } from './sql.ts'

const db = await testDatabase()
afterAll(() => db.close())

test('a second time changes nothing', async () => {
  const before = await describeSchema(db.database)
  expect(await migrate(db.database)).toEqual([])
  expect(await describeSchema(db.database)).toBe(before)
})

test('the migrations result in schema.sql', async () => {
  const committed = await readFile(new URL('../schema.sql', import.meta.url), 'utf8')
  expect(committed).toContain(await describeSchema(db.database))
})

test('of several processes at once each file is run by one', async () => {
  const empty = await emptyDatabase()
  const runs = await Promise.all([1, 2, 3, 4].map(() => migrate(empty.database)))
  const names = await empty.database.query<{ readonly name: string }>(
    sql`/* test.names */ SELECT name FROM schema_versions ORDER BY version`,
  )
  expect(runs.flat().sort()).toEqual(names.map(({ name }) => name))
  expect(await describeSchema(empty.database)).toBe(await describeSchema(db.database))
  await empty.close()
})

test('a schema newer than the code is refused', async () => {
  await db.database.query(sql`/* test.newer */ INSERT INTO schema_versions (version, name) VALUES (9999, 'from the future')`)
  await expect(migrate(db.database)).rejects.toThrow(/schema version 9999, and this Roadstead knows up to \d+/)
})
