import { afterAll, expect, test } from '@jest/globals'
import { index } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import { putManifest, tag } from '@roadstead/testing/pushes.ts'
import { repositoryIn, testRegistry } from '@roadstead/testing/registries.ts'
import { sql } from './sql.ts'

const db = await testDatabase()
const { tags } = db.metadata
const registry = await testRegistry(db.metadata)
afterAll(() => db.close())

const first = index([], { annotations: { n: '1' } })
const second = index([], { annotations: { n: '2' } })

async function repositoryWith(name: string, ...names: readonly string[]) {
  const repository = repositoryIn(registry, name)
  await putManifest(db.metadata, repository, first, names)
  await putManifest(db.metadata, repository, second)
  return repository
}

test('a tag moves; when it was made stays, when it moved does not', async () => {
  const repository = await repositoryWith('moves', 'latest')
  const times = () =>
    db.database.query<{ readonly created_at: Date; readonly updated_at: Date }>(sql`/* test.times */
      SELECT t.created_at, t.updated_at FROM tags t JOIN repositories r ON r.id = t.repository_id WHERE r.name = 'moves'`)
  await db.database.query(sql`/* test.age */ UPDATE tags SET created_at = now() - interval '1 day', updated_at = now() - interval '1 day'`)
  const [before] = await times()
  await tags.move(repository, [tag('latest')], second.digest)
  const [after] = await times()
  expect(await db.metadata.manifests.stat(repository, { kind: 'tag', tag: tag('latest') })).toMatchObject({ digest: second.digest })
  expect(after!.created_at).toEqual(before!.created_at)
  expect(after!.updated_at.getTime()).toBeGreaterThan(before!.updated_at.getTime())
})

test('several move at once, and one that is named twice moves once', async () => {
  const repository = await repositoryWith('several')
  await tags.move(repository, ['b', 'a', 'b', 'A'].map(tag), first.digest)
  await tags.move(repository, [], first.digest)
  expect(await tags.list(repository, '', 10)).toEqual(['A', 'a', 'b'])
})

test('a tag cannot name what is not there', async () => {
  const repository = await repositoryWith('nothing')
  await expect(tags.move(repository, [tag('x')], index([], { annotations: { n: '3' } }).digest)).rejects.toMatchObject({ code: '23503' })
  await expect(tags.move(repositoryIn(registry, 'absent'), [tag('x')], first.digest)).rejects.toThrow('no repository absent')
})

test('a tag that is deleted tells what it named', async () => {
  const repository = await repositoryWith('deleted', 'latest')
  expect(await tags.delete(repository, tag('latest'))).toBe(first.digest)
  expect(await tags.delete(repository, tag('latest'))).toBeUndefined()
  expect(await db.metadata.manifests.stat(repository, { kind: 'digest', digest: first.digest })).toBeDefined()
})

test('lists by bytes, page by page', async () => {
  const names = ['v1', 'V2', '_x', 'v1.0', 'v1-rc', 'v10', '0']
  const repository = await repositoryWith('lists', ...names)
  const sorted = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  expect(await tags.list(repository, '', 100)).toEqual(sorted)
  expect(await tags.list(repository, sorted[2]!, 2)).toEqual(sorted.slice(3, 5))
  expect(await tags.list(repository, `${sorted[2]}\0x`, 1)).toEqual(sorted.slice(3, 4))
  expect(await tags.list(repositoryIn(registry, 'absent'), '', 10)).toEqual([])
})
