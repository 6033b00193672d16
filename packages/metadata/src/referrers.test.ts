import { afterAll, expect, test } from '@jest/globals'
import type { Descriptor } from '@roadstead/oci/descriptor.ts'
import { artifact, digestOf, emptyConfig, index } from '@roadstead/testing/contents.ts'
import type { Document } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import { linkBlobs, putManifest } from '@roadstead/testing/pushes.ts'
import { repositoryIn, testRegistry } from '@roadstead/testing/registries.ts'

const db = await testDatabase()
const { referrers, manifests } = db.metadata
const registry = await testRegistry(db.metadata)
afterAll(() => db.close())

async function repositoryWith(name: string, ...documents: readonly Document[]) {
  const repository = repositoryIn(registry, name)
  await linkBlobs(db.metadata, repository, [emptyConfig])
  for (const document of documents) await putManifest(db.metadata, repository, document)
  return repository
}

const subject = index([], { annotations: { subject: 'yes' } })
const signature = (n: number) => artifact({ artifactType: 'a/signature', subject: subject.descriptor, annotations: { n: String(n) } })
const entry = (document: Document): Descriptor => ({
  ...document.descriptor,
  ...(document.manifest.artifactType !== undefined && { artifactType: document.manifest.artifactType }),
  ...(Object.keys(document.manifest.annotations).length > 0 && { annotations: document.manifest.annotations }),
})
const entriesOf = async (...asked: Parameters<typeof referrers.list>) => (await referrers.list(...asked)).entries
const byDigest = (a: Document, b: Document): number => (a.digest < b.digest ? -1 : 1)

test('lists manifests by their subject with type and annotations, page by page, before the subject is there', async () => {
  const bill = artifact({ artifactType: 'a/bill', subject: subject.descriptor })
  const list = index([], { subject: subject.descriptor })
  const signatures = [1, 2, 3].map(signature)
  const repository = await repositoryWith('lists', bill, list, ...signatures, artifact({ artifactType: 'a/other' }))
  const all = [bill, list, ...signatures].sort(byDigest)
  expect(await entriesOf(repository, subject.digest, undefined, undefined, 10)).toEqual(all.map(entry))
  expect(await entriesOf(repository, subject.digest, undefined, all[0]!.digest, 2)).toEqual(all.slice(1, 3).map(entry))
  const sorted = signatures.sort(byDigest)
  expect(await entriesOf(repository, subject.digest, 'a/signature', undefined, 10)).toEqual(sorted.map(entry))
  expect(await entriesOf(repository, subject.digest, 'a/signature', sorted[0]!.digest, 1)).toEqual([entry(sorted[1]!)])
  expect(await entriesOf(repository, subject.digest, 'a/none', undefined, 10)).toEqual([])
  expect(await entriesOf(repository, digestOf(Buffer.from('x')), undefined, undefined, 10)).toEqual([])
})

test('an entry goes with its manifest and stays without its subject', async () => {
  const repository = await repositoryWith('goes', subject, signature(1), signature(2))
  await manifests.delete(repository, signature(1).digest)
  await manifests.delete(repository, subject.digest)
  expect(await entriesOf(repository, subject.digest, undefined, undefined, 10)).toEqual([entry(signature(2))])
})

test('whatever text a type or an annotation is, it comes back and can be asked for', async () => {
  const plain = artifact({ artifactType: 'a/b', subject: subject.descriptor })
  for (const [n, text] of ['nul \0 inside', 'lone \ud800 half', 'x'.repeat(100_000), 'ünï 😀', ''].entries()) {
    const artifactType = `type ${text}`
    const annotations = { [`key ${text}`]: text }
    const repository = await repositoryWith(`text${n}`)
    await manifests.insert(repository, plain.digest, { ...plain.manifest, artifactType, annotations }, plain.bytes)
    expect(await entriesOf(repository, subject.digest, artifactType, undefined, 10)).toEqual([
      { ...plain.descriptor, artifactType, annotations },
    ])
  }
})

test('adopts entries of manifests that are there, once each', async () => {
  const known = signature(1)
  const unlisted = artifact({ artifactType: 'a/bill' })
  const absent = artifact({ artifactType: 'a/absent' })
  const repository = await repositoryWith('adopts', known, unlisted)
  const kept = [
    { ...known.descriptor, annotations: { stale: 'yes' } },
    { ...unlisted.descriptor, artifactType: 'a/bill' },
    absent.descriptor,
  ]
  await referrers.adopt(repository, subject.digest, [...kept, ...kept])
  await referrers.adopt(repository, subject.digest, kept)
  await referrers.adopt(repository, subject.digest, [])
  const all = [entry(known), { ...unlisted.descriptor, artifactType: 'a/bill' }].sort((a, b) => (a.digest < b.digest ? -1 : 1))
  expect(await entriesOf(repository, subject.digest, undefined, undefined, 10)).toEqual(all)
  expect(await entriesOf(repository, subject.digest, 'a/bill', undefined, 10)).toHaveLength(1)
  await manifests.delete(repository, unlisted.digest)
  expect(await entriesOf(repository, subject.digest, undefined, undefined, 10)).toEqual([entry(known)])
})

test('a page ends at its limit or when its entries grow large, and tells whether there are others', async () => {
  const large = [1, 2, 3].map((n) =>
    artifact({ artifactType: 'a/large', subject: subject.descriptor, annotations: { n: String(n), text: 'x'.repeat(3_000_000) } }),
  )
  const repository = await repositoryWith('large', ...large)
  const all = large.sort(byDigest).map(entry)
  const first = await referrers.list(repository, subject.digest, undefined, undefined, 10)
  expect([first.entries.length, first.more]).toEqual([2, true])
  const second = await referrers.list(repository, subject.digest, 'a/large', first.entries[1]!.digest, 10)
  expect([...first.entries, ...second.entries]).toEqual(all)
  expect(second.more).toBe(false)
  expect(await referrers.list(repository, subject.digest, undefined, undefined, 1)).toEqual({ entries: [all[0]], more: true })
  expect(await referrers.list(repository, subject.digest, undefined, all[2]!.digest, 10)).toEqual({ entries: [], more: false })
})
