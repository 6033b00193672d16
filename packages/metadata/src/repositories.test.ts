import { afterAll, expect, test } from '@jest/globals'
import { testDatabase } from '@roadstead/testing/database.ts'
import { ensureRepository, repositoryIn, testRegistry } from '@roadstead/testing/registries.ts'

const db = await testDatabase()
const { repositories } = db.metadata
afterAll(() => db.close())

test('exists once it was ensured, which may be repeated and raced', async () => {
  const repository = repositoryIn(await testRegistry(db.metadata), 'team/app')
  expect(await repositories.exists(repository)).toBe(false)
  await Promise.all([1, 2, 3, 4].map(() => repositories.ensure(repository)))
  await repositories.ensure(repository)
  expect(await repositories.exists(repository)).toBe(true)
})

test('the catalog lists published repositories by bytes, page by page', async () => {
  const registry = await testRegistry(db.metadata)
  const names = ['b', 'a/b', 'a-b', 'a.b', 'a_b', 'a0', 'a']
  for (const name of [...names, 'unpublished']) await ensureRepository(db.metadata, registry, name)
  for (const name of names) await repositories.publish(repositoryIn(registry, name))
  await repositories.publish(repositoryIn(registry, 'b'))
  const sorted = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  expect(await repositories.list(registry, '', 100)).toEqual(sorted)
  expect(await repositories.list(registry, 'a-b', 3)).toEqual(sorted.slice(2, 5))
  expect(await repositories.list(registry, 'zzz', 3)).toEqual([])
})

test('any text is a lower bound, also one that PostgreSQL cannot hold', async () => {
  const registry = await testRegistry(db.metadata)
  for (const name of ['a', 'ab', 'b']) {
    await repositories.publish(await ensureRepository(db.metadata, registry, name))
  }
  expect(await repositories.list(registry, 'a\0zzz', 10)).toEqual(['ab', 'b'])
  expect(await repositories.list(registry, '\0', 10)).toEqual(['a', 'ab', 'b'])
  expect(await repositories.list(registry, '\ud800', 10)).toEqual([])
})
