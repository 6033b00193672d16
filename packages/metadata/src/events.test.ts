import { afterAll, expect, test } from '@jest/globals'
import type { RepositoryName } from '@roadstead/oci/repository-name.ts'
import { digestToBytes } from '@roadstead/oci/digest.ts'
import { index } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import { tag } from '@roadstead/testing/pushes.ts'
import { testRegistry } from '@roadstead/testing/registries.ts'
import { sql } from './sql.ts'

const db = await testDatabase()
afterAll(() => db.close())

const { digest, mediaType } = index([])
const event = {
  kind: 'manifest pushed',
  repository: 'a/b' as RepositoryName,
  digest,
  mediaType,
  size: 5,
  tags: [tag('v1'), tag('v2')],
  actor: 'admin',
} as const

test('an event is written with its transaction, or not at all', async () => {
  const registry = await testRegistry(db.metadata)
  const undone = db.metadata.transaction(async (facts) => {
    await facts.events.record(registry, event)
    throw new Error('undo')
  })
  await expect(undone).rejects.toThrow('undo')
  await db.metadata.transaction((facts) =>
    facts.events.record(registry, { ...event, kind: 'tag deleted', tags: [], actor: 'nul \0 inside' }),
  )
  await db.metadata.events.record(registry, event)
  const rows = await db.database.query(
    sql`/* test.events */ SELECT registry_id, kind, repository, digest, media_type, size, tags, actor FROM events ORDER BY id`,
  )
  const common = { registry_id: registry.id, repository: 'a/b', digest: digestToBytes(digest), media_type: mediaType, size: 5 }
  expect(rows).toEqual([
    { ...common, kind: 'tag deleted', tags: [], actor: 'nul \u{fffd} inside' },
    { ...common, kind: 'manifest pushed', tags: ['v1', 'v2'], actor: 'admin' },
  ])
})
