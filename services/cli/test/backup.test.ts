import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { findBlob, pullManifest, readBlob } from '@roadstead/distribution/pull.ts'
import { removeBlob, removeManifest } from '@roadstead/distribution/remove.ts'
import { sweepDeleted } from '@roadstead/distribution/sweep-deleted.ts'
import { sweepOrphans } from '@roadstead/distribution/sweep.ts'
import type { Tag } from '@roadstead/oci/tag.ts'
import { image } from '@roadstead/testing/contents.ts'
import { repositoryIn } from '@roadstead/testing/registries.ts'
import { roadstead } from './installed.ts'
import { startInstallation } from './installation.ts'
import type { Image, TestInstallation } from './installation.ts'

let folder: string
let source: TestInstallation
const started: TestInstallation[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roadstead-backup-'))
  source = await start('source')
})
afterEach(async () => {
  await Promise.all(started.splice(0).map((installation) => installation.stop()))
  await rm(folder, { recursive: true, force: true })
})

async function start(name: string): Promise<TestInstallation> {
  const installation = await startInstallation(join(folder, name))
  started.push(installation)
  return installation
}

const day = 24 * 3_600_000

/** Pushers and removers, with what they were told: an image is there once its push was acknowledged, until its removal begins. */
function load(): {
  readonly pushed: ReadonlyMap<string, Image>
  readonly removed: ReadonlySet<string>
  readonly stop: () => Promise<void>
} {
  const pushed = new Map<string, Image>()
  const removed = new Set<string>()
  let stopped = false
  const repository = repositoryIn(source.registry, 'team/app')
  const work = async (worker: number): Promise<void> => {
    for (let n = 0; !stopped; n++) {
      const tag = `w${worker}-${n}`
      const each = image(tag)
      await source.push(repository, tag, each)
      pushed.set(tag, each)
      // Every other one stays for ever.
      const old = `w${worker}-${n - 10}`
      if (n < 10 || n % 2 === 1) continue
      removed.add(old)
      const { manifest, blobs } = pushed.get(old)!
      await removeManifest(source.ports, repository, { kind: 'digest', digest: manifest.digest }, 'test')
      for (const { digest } of blobs) await removeBlob(source.ports, repository, digest)
    }
  }
  const workers = [0, 1, 2, 3].map(work)
  return {
    pushed,
    removed,
    async stop() {
      stopped = true
      await Promise.all(workers)
    },
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** Dumps and copies under load; `retention` is how long the sweeper leaves deleted bytes. Answers what has to be in the backup. */
async function backUp(retention: number): Promise<ReadonlyMap<string, Image>> {
  const busy = load()
  await until(() => busy.pushed.size > 60 && busy.removed.size > 10)
  const before = new Map(busy.pushed)
  expect(await roadstead(['dump', join(folder, 'dump'), '--data-dir', join(folder, 'source')])).toMatchObject({ code: 0 })
  const removed = new Set(busy.removed)
  // Much is removed, and swept, between the dump and the copy.
  await until(() => busy.removed.size > removed.size + 20)
  await sweepDeleted(source.ports, retention)
  await sweepOrphans(source.ports)
  await busy.stop()
  await cp(join(folder, 'source', 'blobs'), join(folder, 'restored', 'blobs'), { recursive: true, preserveTimestamps: true })
  return new Map([...before].filter(([tag]) => !removed.has(tag)))
}

test('a backup that was made under load is complete: everything that was there at the dump can be pulled', async () => {
  const expected = await backUp(day)
  expect(expected.size).toBeGreaterThan(20)
  const restored = join(folder, 'restored')
  expect(await roadstead(['restore', join(folder, 'dump'), '--data-dir', restored])).toMatchObject({ code: 0, stdout: '' })
  const { code, stdout } = await roadstead(['verify', '--deep', '--data-dir', restored])
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('no findings') })

  const target = await start('restored')
  expect(target.registry).toEqual(source.registry)
  const repository = repositoryIn(target.registry, 'team/app')
  for (const [tag, { manifest, blobs }] of expected) {
    const pulled = await pullManifest(target.ports, repository, { kind: 'tag', tag: tag as Tag })
    expect(pulled.payload.equals(manifest.bytes)).toBe(true)
    for (const { digest, bytes } of blobs) {
      expect(await readBlob(target.ports, repository, await findBlob(target.ports, repository, digest), undefined)).toEqual(bytes)
    }
  }
  // It can be worked with, and what was pushed after the dump can be pushed again.
  await target.push(repository, 'after', image('after the restore'))
  // Ids that were given out before the dump are not given out again.
  const next = await (target.ports.metadata as Facts).ensureRegistry({
    tenant: 'new',
    name: 'one',
    storage: 'embedded:blobs',
    adminEnabled: false,
  })
  expect(next.registry.id).toBeGreaterThan(source.registry.id)
}, 120_000)

type Facts = TestInstallation['ports']['metadata'] & {
  ensureRegistry(wanted: object): Promise<{ readonly registry: { readonly id: number } }>
}

test('without a retention the same backup lacks bytes, verify says which, and pushes repair it', async () => {
  const expected = await backUp(0)
  const restored = join(folder, 'restored')
  expect(await roadstead(['restore', join(folder, 'dump'), '--data-dir', restored])).toMatchObject({ code: 0 })
  const { code, stdout } = await roadstead(['verify', '--mark', '--output', 'json', '--data-dir', restored])
  expect(code).toBe(1)
  const findings = findingsIn(stdout)
  expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['bytes missing']))
  const tags = tagsOf(findings)
  expect(tags.length).toBeGreaterThan(5)

  const target = await start('restored')
  for (const tag of tags) await target.push(repositoryIn(target.registry, 'team/app'), tag, expected.get(tag) ?? image(tag))
  // What is left had lost its manifest already when the database was dumped.
  const after = await roadstead(['verify', '--deep', '--output', 'json', '--data-dir', restored])
  expect(tagsOf(findingsIn(after.stdout))).toEqual([])
}, 120_000)

interface Found {
  readonly kind: string
  readonly users: readonly { readonly tags: readonly string[] }[]
}

function findingsIn(stdout: string): readonly Found[] {
  return (JSON.parse(stdout) as { readonly findings: readonly Found[] }).findings
}

function tagsOf(findings: readonly Found[]): readonly string[] {
  return [...new Set(findings.flatMap(({ users }) => users.flatMap((user) => user.tags)))]
}

test('a dump is restored into a new data folder only, and only a dump', async () => {
  const data = join(folder, 'source')
  expect(await roadstead(['dump', join(folder, 'dump'), '--data-dir', data])).toMatchObject({ code: 0 })
  expect(await roadstead(['dump', join(folder, 'dump'), '--data-dir', data])).toMatchObject({ code: 2 })
  expect(await roadstead(['restore', join(folder, 'dump'), '--data-dir', data])).toMatchObject({ code: 2 })
  expect(await roadstead(['restore', folder, '--data-dir', join(folder, 'other')])).toMatchObject({ code: 2 })
  await rm(join(folder, 'dump', 'tags'))
  const broken = join(folder, 'broken')
  expect(await roadstead(['restore', join(folder, 'dump'), '--data-dir', broken])).toMatchObject({ code: 3 })
  expect(await roadstead(['verify', '--data-dir', broken])).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('there is no database'),
  })
}, 60_000)
