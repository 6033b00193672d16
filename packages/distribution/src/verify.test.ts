import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Unavailable } from '@roadstead/oci/errors.ts'
import type { Registry, Repository } from '@roadstead/oci/registry.ts'
import { artifact, blob, emptyConfig, image, index } from '@roadstead/testing/contents.ts'
import { repositoryIn } from '@roadstead/testing/registries.ts'
import { removeBlob } from './remove.ts'
import { orphanAge } from './sweep.ts'
import { all, damages, storeContent } from './testing/stored-content.ts'
import type { StoredContent } from './testing/stored-content.ts'
import { verify, verifyGrace } from './verify.ts'
import type { VerifyOptions } from './verify.ts'
import type { Finding } from './verify-finding.ts'
import type { VerifyProgress } from './verify-progress.ts'

let content: StoredContent
let registry: Registry
let repository: Repository

beforeAll(async () => {
  content = await storeContent()
})
afterAll(() => content.close())
beforeEach(async () => {
  registry = await content.registry()
  repository = repositoryIn(registry, 'team/app')
})

async function found(options: VerifyOptions = {}): Promise<readonly Finding[]> {
  return await all(verify(content.ports, { registry, ...options }))
}

const large = blob(Buffer.alloc(3_000_000, 'large'))

async function fill(): Promise<void> {
  const pushed = image('verified')
  const signature = artifact({ artifactType: 'a/b', subject: pushed.manifest.descriptor })
  for (const each of [...pushed.blobs, emptyConfig, large, blob('')]) await content.upload(repository, each)
  await content.push(repository, pushed.manifest, 'v1')
  await content.push(repository, index([pushed.manifest]), 'list')
  await content.push(repository, signature)
}

const hexOf = ({ digest }: { readonly digest: string }): string => `decode('01${digest.slice(7)}', 'hex')`

describe('what fits together', () => {
  test.each([false, true])('has no findings (deep: %s), and all of it was looked at', async (deep) => {
    await fill()
    let last: VerifyProgress | undefined
    expect(await found({ deep, onProgress: (progress) => (last = { ...progress }) })).toEqual([])
    expect(last).toMatchObject({ registry: registry.label, registries: 1, blobs: 5, manifests: 3, tags: 2, stored: 5, findings: 0 })
    expect(last!.bytes > large.bytes.length).toBe(deep)
  })

  test('in all registries has none', async () => {
    await fill()
    expect(await found({ registry: await content.registry() })).toEqual([])
  })

  test('has none when sizes are held in several parts', async () => {
    for (let n = 0; n < 40; n++) await content.upload(repository, blob(`part ${n}`))
    const lost = blob('part 7')
    expect(await found({ sizeLimit: 5 })).toEqual([])
    await rm(await content.fileOf(repository, lost))
    expect(await found({ sizeLimit: 5 })).toMatchObject([{ kind: 'bytes missing', digest: lost.digest }])
  })

  test('has none while others push and remove', async () => {
    const stop = new AbortController()
    const busy = async (worker: number): Promise<void> => {
      for (let n = 0; !stop.signal.aborted; n++) {
        const each = image(`busy ${worker} ${n}`)
        for (const one of each.blobs) await content.upload(repository, one)
        if (n % 2 === 0) await content.push(repository, each.manifest, `w${worker}`)
        else await removeBlob(content.ports, repository, each.blobs[0]!.digest)
      }
    }
    const work = [0, 1, 2].map(busy)
    for (let round = 0; round < 5; round++) expect(await found({ deep: round % 2 === 0, grace: 60_000 })).toEqual([])
    stop.abort()
    await Promise.all(work)
  })
})

describe('a blob whose file was', () => {
  test.each(Object.entries(damages))('%s is found', async (_, { kind, work }) => {
    const damaged = image('verified').blobs[1]!
    await fill()
    await work(await content.fileOf(repository, damaged))
    const expected = { kind, registry: registry.label, digest: damaged.digest, users: [{ repository: 'team/app', tags: ['v1'] }] }
    expect(await found({ deep: true })).toMatchObject([expected])
    expect(await found()).toMatchObject(kind === 'bytes of another digest' ? [] : [expected])
  })

  test('taken by another one of the same size is found', async () => {
    const [a, b] = [blob('one of ten'), blob('two of ten')]
    for (const each of [a, b]) await content.upload(repository, each)
    const [fileA, fileB] = [await content.fileOf(repository, a), await content.fileOf(repository, b)]
    const bytes = await readFile(fileA)
    await copyFile(fileB, fileA)
    await writeFile(fileB, bytes)
    const findings = await found({ deep: true })
    expect(findings.map(({ kind }) => kind)).toEqual(['bytes of another digest', 'bytes of another digest'])
  })

  test('damaged in a large blob is found', async () => {
    await fill()
    await damages['of one other bit'].work(await content.fileOf(repository, large))
    expect(await found({ deep: true })).toMatchObject([{ kind: 'bytes of another digest', digest: large.digest, size: 3_000_000 }])
  })
})

describe('marks', () => {
  test('are set and taken away when asked for only', async () => {
    await fill()
    const file = await content.fileOf(repository, large)
    const bytes = await readFile(file)
    await rm(file)
    const state = async (): Promise<unknown> => (await content.database.metadata.blobs.find(repository, large.digest))?.damaged
    await found({ deep: true })
    expect(await state()).toBeUndefined()
    expect(await found({ mark: true })).toMatchObject([{ kind: 'bytes missing' }])
    expect(await state()).toBe(true)
    expect(await found()).toMatchObject([{ kind: 'bytes known as damaged', digest: large.digest }])

    await writeFile(file, bytes)
    expect(await found()).toMatchObject([{ kind: 'bytes wrongly known as damaged' }])
    expect(await state()).toBe(true)
    await found({ mark: true })
    expect(await state()).toBeUndefined()
    expect(await found({ deep: true })).toEqual([])
  })
})

describe('bytes without a blob', () => {
  test('are found once they are old, and not while they wait for their removal', async () => {
    await fill()
    await content.store.append(await content.store.begin(registry.id), Readable.from([Buffer.from('left behind')]))
    const removed = blob('removed')
    await content.upload(repository, removed)
    await removeBlob(content.ports, repository, removed.digest)
    expect(await found()).toEqual([])
    content.advance(verifyGrace + 1000)
    expect(await found()).toMatchObject([{ kind: 'bytes without blob', registry: registry.label, size: 11 }])
    expect(await found({ grace: verifyGrace + 3_600_000 })).toEqual([])
    content.advance(-verifyGrace - 1000)
  })

  test('are allowed for longer than the sweeper needs', () => {
    expect(verifyGrace).toBeGreaterThan(orphanAge)
  })
})

describe('rows that the foreign keys keep from coming about', () => {
  const pushed = image('verified')
  const breaks: Readonly<Record<string, readonly [string, string]>> = {
    'reference without blob': [`DELETE FROM repository_blobs WHERE digest = ${hexOf(pushed.blobs[0]!)}`, 'reference without blob'],
    'tag without manifest': [`DELETE FROM manifests WHERE digest = ${hexOf(index([pushed.manifest]))}`, 'tag without manifest'],
    'reference without manifest': [
      `DELETE FROM manifests WHERE digest = ${hexOf(pushed.manifest)}; DELETE FROM tags WHERE name = 'v1'`,
      'reference without manifest',
    ],
    'reference not recorded': [`DELETE FROM manifest_blobs WHERE blob = ${hexOf(pushed.blobs[0]!)}`, 'reference not recorded'],
    'reference without need': [
      `INSERT INTO manifest_blobs SELECT registry_id, repository_id, digest, ${hexOf(large)} FROM manifests WHERE digest = ${hexOf(pushed.manifest)}`,
      'reference without need',
    ],
    'referrer not listed': [`DELETE FROM referrers`, 'referrer not listed'],
    'manifest of another digest': [
      `UPDATE manifests SET payload = replace(convert_from(payload, 'UTF8'), 'author', 'writer')::bytea || ' ', size = size + 1 WHERE digest = ${hexOf(pushed.manifest)}`,
      'manifest of another digest',
    ],
    'manifest of another size': [`UPDATE manifests SET size = 1 WHERE digest = ${hexOf(pushed.manifest)}`, 'manifest of another size'],
    'blob without repository': [`DELETE FROM repository_blobs WHERE digest = ${hexOf(large)}`, 'blob without repository'],
  }

  test.each(Object.entries(breaks))('%s', async (_, [text, kind]) => {
    await fill()
    // Of this registry only: the next test has the same content in another one.
    await content.breakRows(
      text.replaceAll(/(DELETE FROM \w+|UPDATE \w+ SET .*?)( WHERE|;|$)/g, (_all, head: string, tail: string) =>
        tail === ' WHERE' ? `${head} WHERE registry_id = ${registry.id} AND` : `${head} WHERE registry_id = ${registry.id}${tail}`,
      ),
    )
    const findings = await found()
    expect(findings.map((finding) => finding.kind)).toContain(kind)
    expect(new Set(findings.map((finding) => finding.registry))).toEqual(new Set([registry.label]))
  })
})

describe('a storage that does not answer', () => {
  const away = new Unavailable('storage')

  test('ends the check when it lists, and is no finding', async () => {
    await fill()
    const ports = {
      ...content.ports,
      blobStore: () => ({
        ...content.store,
        list: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(away) }) }),
      }),
    }
    await expect(verify(ports, { registry }).next()).rejects.toBe(away)
  })

  test('for one blob is a finding, for all of them the end', async () => {
    for (let n = 0; n < 30; n++) await content.upload(repository, blob(`unreadable ${n}`))
    const bad = await content.database.metadata.blobs.find(repository, blob('unreadable 3').digest)
    const one = { ...content.ports, blobStore: () => ({ ...content.store, read: readOr((at) => at === bad!.location) }) }
    expect(await all(verify(one, { registry, deep: true }))).toMatchObject([{ kind: 'bytes unreadable', digest: bad!.digest }])
    const none = { ...content.ports, blobStore: () => ({ ...content.store, read: readOr(() => true) }) }
    await expect(all(verify(none, { registry, deep: true }))).rejects.toBe(away)
  })

  function readOr(isAway: (at: string) => boolean): StoredContent['store']['read'] {
    return (at, ...rest) => (isAway(at) ? Promise.reject(away) : content.store.read(at, ...rest))
  }
})

test('stops when it is told to', async () => {
  await fill()
  await expect(all(verify(content.ports, { registry, signal: AbortSignal.abort() }))).rejects.toThrow('aborted')
})
