import { afterAll, describe, expect, test } from '@jest/globals'
import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { Metadata } from '@roadstead/distribution/metadata.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import { image, index } from '@roadstead/testing/contents.ts'
import type { Content, Document } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import { linkBlobs, putManifest, tag } from '@roadstead/testing/pushes.ts'
import { ensureRepository, repositoryIn, testRegistry } from '@roadstead/testing/registries.ts'
import { sql } from './sql.ts'

const db = await testDatabase()
const { metadata } = db
const registry = await testRegistry(metadata)
afterAll(() => db.close())

/** Runs `inside` and then, before that transaction commits, starts `meanwhile` and waits until it waits for a lock, or has ended. */
async function during<Result>(inside: (facts: Metadata) => Promise<unknown>, meanwhile: () => Promise<Result>): Promise<Result> {
  let late!: Promise<Result>
  await metadata.transaction(async (facts) => {
    await inside(facts)
    const state = { ended: false }
    late = meanwhile().finally(() => (state.ended = true))
    late.catch(() => undefined)
    while (!state.ended && !(await someoneWaits())) await new Promise((resolve) => setTimeout(resolve, 5))
  })
  return await late
}

async function someoneWaits(): Promise<boolean> {
  const rows = await db.database.query(sql`/* test.waits */
    SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
  return rows.length > 0
}

async function orphans(): Promise<readonly unknown[]> {
  return await db.database.query(sql`/* test.orphans */
    SELECT location FROM blobs b
    WHERE NOT EXISTS (SELECT FROM repository_blobs l WHERE l.registry_id = b.registry_id AND l.digest = b.digest)`)
}

const add = (facts: Metadata, repository: Repository, { digest, bytes }: Content, location = `at ${digest}`) =>
  facts.blobs.add(repository, { digest, size: bytes.length, location: location as Location })

const push = async (facts: Metadata, repository: Repository, { digest, manifest, bytes }: Document): Promise<number> => {
  const missing = await facts.manifests.missing(repository, manifest)
  if (missing.length === 0) await facts.manifests.insert(repository, digest, manifest, bytes)
  return missing.length
}

let count = 0
async function fresh() {
  const repository = await ensureRepository(metadata, registry, `race/${++count}`)
  const content = image(`race ${count}`)
  return { repository, ...content, blob: content.blobs[0]! }
}

describe('a blob', () => {
  test('added twice at once: one location wins and both are told it', async () => {
    const { repository, blob } = await fresh()
    const other = await ensureRepository(metadata, registry, `race/${count}/other`)
    const late = await during(
      (facts) => add(facts, repository, blob, 'winner'),
      () => add(metadata, other, blob, 'loser'),
    )
    expect(late.location).toBe('winner')
    expect(await metadata.blobs.find(other, blob.digest)).toMatchObject({ location: 'winner' })
  })

  test('added by many at once: all are told the same location', async () => {
    const { repository, blob } = await fresh()
    const told = await Promise.all(Array.from({ length: 20 }, (_, n) => add(metadata, repository, blob, `racer ${n}`)))
    expect(new Set(told.map(({ location }) => location)).size).toBe(1)
  })

  test('added while the adder before it is rolled back: the second location counts', async () => {
    const { repository, blob } = await fresh()
    let late!: Promise<unknown>
    const undone = metadata.transaction(async (facts) => {
      await add(facts, repository, blob, 'undone')
      late = add(metadata, repository, blob, 'second')
      while (!(await someoneWaits())) await new Promise((resolve) => setTimeout(resolve, 5))
      throw new Error('undo')
    })
    await expect(undone).rejects.toThrow('undo')
    expect(await late).toMatchObject({ location: 'second' })
  })

  test('unlinked while a push that needs it commits: referenced', async () => {
    const { repository, blobs, blob, manifest } = await fresh()
    await linkBlobs(metadata, repository, blobs)
    const unlinked = await during(
      (facts) => push(facts, repository, manifest),
      () => metadata.blobs.unlink(repository, blob.digest),
    )
    expect(unlinked).toBe('referenced')
  })

  test('needed by a push while it is unlinked: missing', async () => {
    const { repository, blobs, blob, manifest } = await fresh()
    await linkBlobs(metadata, repository, blobs)
    const missing = await during(
      (facts) => facts.blobs.unlink(repository, blob.digest),
      () => metadata.transaction((facts) => push(facts, repository, manifest)),
    )
    expect(missing).toBe(1)
  })

  test('added while its last link goes: there with the new location', async () => {
    const { repository, blob } = await fresh()
    await add(metadata, repository, blob, 'old')
    const added = await during(
      (facts) => facts.blobs.unlink(repository, blob.digest),
      () => add(metadata, repository, blob, 'new'),
    )
    expect(added.location).toBe('new')
    expect(await metadata.blobs.find(repository, blob.digest)).toMatchObject({ location: 'new' })
  })

  test('mounted while its last link goes: not mounted', async () => {
    const { repository, blob } = await fresh()
    const target = await ensureRepository(metadata, registry, `race/${count}/target`)
    await add(metadata, repository, blob)
    const mounted = await during(
      (facts) => facts.blobs.unlink(repository, blob.digest),
      () => metadata.blobs.mount(repository, target, blob.digest),
    )
    expect(mounted).toBe(false)
  })

  test('unlinked while it is mounted elsewhere: stays for the mount', async () => {
    const { repository, blob } = await fresh()
    const target = await ensureRepository(metadata, registry, `race/${count}/target`)
    await add(metadata, repository, blob)
    const unlinked = await during(
      (facts) => facts.blobs.mount(repository, target, blob.digest),
      () => metadata.blobs.unlink(repository, blob.digest),
    )
    expect(unlinked).toEqual({})
    expect(await metadata.blobs.find(target, blob.digest)).toBeDefined()
  })

  test('let go by its last two repositories at once: one of them gets the location, no row stays', async () => {
    const { repository, blob } = await fresh()
    const other = await ensureRepository(metadata, registry, `race/${count}/other`)
    await add(metadata, repository, blob)
    await metadata.blobs.mount(repository, other, blob.digest)
    const late = await during(
      (facts) => facts.blobs.unlink(repository, blob.digest),
      () => metadata.blobs.unlink(other, blob.digest),
    )
    expect(late).toEqual({ location: `at ${blob.digest}` })
    expect(await orphans()).toEqual([])
  })
})

describe('a manifest', () => {
  test('pushed twice at once: one stores it, both succeed', async () => {
    const { repository, blobs, manifest } = await fresh()
    await linkBlobs(metadata, repository, blobs)
    const insert = (facts: Metadata) => facts.manifests.insert(repository, manifest.digest, manifest.manifest, manifest.bytes)
    expect(await during(insert, () => insert(metadata))).toBe(false)
    expect(await metadata.manifests.delete(repository, manifest.digest)).toEqual({ tags: [] })
    expect((await Promise.all(Array.from({ length: 10 }, () => insert(metadata)))).filter(Boolean)).toHaveLength(1)
  })

  test('pushed again and tagged while it is removed: there with its tag', async () => {
    const { repository, blobs, manifest } = await fresh()
    await linkBlobs(metadata, repository, blobs)
    await putManifest(metadata, repository, manifest, ['old'])
    await during(
      (facts) => facts.manifests.delete(repository, manifest.digest),
      () => putManifest(metadata, repository, manifest, ['new']),
    )
    expect(await metadata.tags.list(repository, '', 10)).toEqual(['new'])
    expect(await metadata.manifests.find(repository, { kind: 'tag', tag: tag('new') })).toBeDefined()
  })

  test('removed while it is tagged again: the new tag is told and gone', async () => {
    const { repository, blobs, manifest } = await fresh()
    await linkBlobs(metadata, repository, blobs)
    await putManifest(metadata, repository, manifest, ['old'])
    const removed = await during(
      (facts) => facts.tags.move(repository, [tag('new')], manifest.digest),
      () => metadata.manifests.delete(repository, manifest.digest),
    )
    expect(removed).toEqual({ tags: ['new', 'old'] })
  })

  test('removed while an index that names it commits: referenced', async () => {
    const { repository, blobs, manifest } = await fresh()
    await linkBlobs(metadata, repository, blobs)
    await putManifest(metadata, repository, manifest)
    const removed = await during(
      (facts) => push(facts, repository, index([manifest])),
      () => metadata.manifests.delete(repository, manifest.digest),
    )
    expect(removed).toBe('referenced')
  })

  test('named by an index while it is removed: missing', async () => {
    const { repository, blobs, manifest } = await fresh()
    await linkBlobs(metadata, repository, blobs)
    await putManifest(metadata, repository, manifest)
    const missing = await during(
      (facts) => facts.manifests.delete(repository, manifest.digest),
      () => metadata.transaction((facts) => push(facts, repository, index([manifest]))),
    )
    expect(missing).toBe(1)
  })

  test('a tag that moves away while its manifest is removed goes with the move', async () => {
    const { repository, blobs, manifest } = await fresh()
    await linkBlobs(metadata, repository, blobs)
    await putManifest(metadata, repository, manifest, ['latest'])
    const next = index([], { annotations: { n: String(count) } })
    await putManifest(metadata, repository, next)
    const removed = await during(
      (facts) => facts.tags.move(repository, [tag('latest')], next.digest),
      () => metadata.manifests.delete(repository, manifest.digest),
    )
    expect(removed).toEqual({ tags: [] })
    expect(await metadata.manifests.stat(repository, { kind: 'tag', tag: tag('latest') })).toMatchObject({ digest: next.digest })
  })
})

test('tags are locked in one order, whatever the order of the call', async () => {
  const repository = repositoryIn(registry, 'order')
  const document = index([], { annotations: { order: 'yes' } })
  await putManifest(metadata, repository, document, ['a', 'b', 'c'])
  db.statements()
  let late!: Promise<void>
  await metadata.transaction(async (facts) => {
    await facts.tags.move(repository, [tag('b')], document.digest)
    late = metadata.tags.move(repository, ['c', 'b', 'a'].map(tag), document.digest)
    while (!(await someoneWaits())) await new Promise((resolve) => setTimeout(resolve, 5))
    // The other one waits for b. Had it begun with c, it would be a circle, and the database would break one of the two off.
    await facts.tags.move(repository, [tag('c')], document.digest)
  })
  await late
  expect(db.statements().filter((label) => label === 'tags.move')).toHaveLength(3)
})

test('tags that many move at once end at one of the manifests', async () => {
  const repository = repositoryIn(registry, 'storm')
  const documents = Array.from({ length: 8 }, (_, n) => index([], { annotations: { storm: String(n) } }))
  await Promise.all(
    documents.map((document, n) => putManifest(metadata, repository, document, n % 2 === 0 ? ['a', 'b', 'c'] : ['c', 'b', 'a'])),
  )
  const found = await Promise.all(['a', 'b', 'c'].map((name) => metadata.manifests.stat(repository, { kind: 'tag', tag: tag(name) })))
  expect(new Set(found.map((fact) => fact!.digest)).size).toBe(1)
})

test('who adds, mounts, pushes, and removes the same few things at once leaves nothing broken', async () => {
  const repositories = await Promise.all(['mix/a', 'mix/b', 'mix/c'].map((name) => ensureRepository(metadata, registry, name)))
  const { manifest, blobs } = image('mix')
  let seed = 1
  // The same sequence on every run (a linear congruential generator); what is open is how the database interleaves it.
  const next = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % below
  const step = async (n: number): Promise<unknown> => {
    const repository = repositories[next(3)]!
    const from = repositories[next(3)]!
    const blob = blobs[next(2)]!
    switch (next(6)) {
      case 0:
        return await metadata.blobs.mount(from, repository, blob.digest)
      case 1:
        return await metadata.blobs.unlink(repository, blob.digest)
      case 2:
        return await metadata.manifests.delete(repository, manifest.digest)
      case 3:
        return await metadata.transaction((facts) => push(facts, repository, manifest))
      default:
        return await add(metadata, repository, blob, `mix ${n}`)
    }
  }
  for (let round = 0; round < 40; round++) await Promise.all(Array.from({ length: 12 }, (_, n) => step(round * 12 + n)))
  expect(await orphans()).toEqual([])
})
