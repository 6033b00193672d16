import { readFile, rm, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { Unavailable } from '@roadstead/oci/errors.ts'
import type { Registry, Repository } from '@roadstead/oci/registry.ts'
import { sql } from '@roadstead/metadata/sql.ts'
import { blob } from '@roadstead/testing/contents.ts'
import type { Content } from '@roadstead/testing/contents.ts'
import { repositoryIn } from '@roadstead/testing/registries.ts'
import { recheckDamaged, scrub } from './scrub.ts'
import type { ScrubOptions } from './scrub.ts'
import { createPace } from './scrub-pace.ts'
import { damages, storeContent } from './testing/stored-content.ts'
import type { StoredContent } from './testing/stored-content.ts'

let content: StoredContent
let registry: Registry
let repository: Repository

beforeAll(async () => {
  content = await storeContent()
})
afterAll(() => content.close())
beforeEach(async () => {
  await content.database.database.query(sql`/* test.reset */ TRUNCATE registries CASCADE`)
  registry = await content.registry()
  repository = repositoryIn(registry, 'team/app')
})

const hour = 3_600_000
const unhurried = async (): Promise<void> => undefined
const options = (more: Partial<ScrubOptions> = {}): ScrubOptions => ({ every: hour, pace: unhurried, ...more })
const isDamaged = async ({ digest }: Content): Promise<boolean> =>
  (await content.database.metadata.blobs.find(repository, digest))?.damaged ?? false

async function uploads(count: number): Promise<readonly Content[]> {
  const contents = Array.from({ length: count }, (_, n) => blob(`scrubbed ${n}`))
  for (const each of contents) await content.upload(repository, each)
  return contents
}

test.each(Object.entries(damages))('finds and marks a blob whose file was %s, and says so', async (_, { work }) => {
  const [first, second] = await uploads(3)
  await work(await content.fileOf(repository, second!))
  const told = content.background.length
  expect(await scrub(content.ports, options())).toEqual({ checked: 3, damaged: 1 })
  expect([await isDamaged(first!), await isDamaged(second!)]).toEqual([false, true])
  expect(content.background.slice(told)).toMatchObject([{ message: expect.stringContaining(second!.digest) }])
  expect(await scrub(content.ports, options())).toEqual({ checked: 0, damaged: 0 })
  expect(await scrub(content.ports, options({ every: 0, signal: afterOneRound() }))).toMatchObject({ damaged: 0 })
})

/** With no time between two rounds there is always a next one. */
function afterOneRound(): AbortSignal {
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 200)
  return stop.signal
}

test('goes on where it was stopped', async () => {
  const contents = await uploads(10)
  const stop = new AbortController()
  const seen: string[] = []
  const ports = {
    ...content.ports,
    blobStore: () => ({
      ...content.store,
      async read(...parameters: Parameters<StoredContent['store']['read']>) {
        seen.push(parameters[0])
        if (seen.length === 4) stop.abort()
        return content.store.read(...parameters)
      },
    }),
  }
  const first = await scrub(ports, options({ signal: stop.signal }))
  expect(first.checked).toBeLessThan(10)
  const second = await scrub(ports, options())
  expect(first.checked + second.checked).toBe(10)
  expect(new Set(seen).size).toBe(contents.length)
})

test('does not believe in the loss of everything', async () => {
  const contents = await uploads(30)
  for (const each of contents) await rm(await content.fileOf(repository, each))
  const told = content.background.length
  await scrub(content.ports, options())
  const messages = content.background.slice(told).map((error) => (error as Error).message)
  expect(messages.at(-1)).toContain('is this its storage?')
  expect((await content.database.metadata.consistency.damaged(registry, undefined, 100)).length).toBeLessThan(contents.length)
})

test('a blob that cannot be read is told, not marked, and does not stop the others', async () => {
  const contents = await uploads(5)
  const bad = (await content.database.metadata.blobs.find(repository, contents[2]!.digest))!.location
  await damages['cut short'].work(await content.fileOf(repository, contents[4]!))
  const read: StoredContent['store']['read'] = (at, ...rest) =>
    at === bad ? Promise.reject(new Unavailable('storage')) : content.store.read(at, ...rest)
  const ports = { ...content.ports, blobStore: () => ({ ...content.store, read }) }
  expect(await scrub(ports, options())).toEqual({ checked: 5, damaged: 1 })
  expect(await isDamaged(contents[2]!)).toBe(false)
})

test('marks are taken from blobs whose bytes are back', async () => {
  const contents = await uploads(3)
  const file = await content.fileOf(repository, contents[0]!)
  const bytes = await readFile(file)
  for (const each of contents.slice(0, 2)) await rm(await content.fileOf(repository, each))
  await scrub(content.ports, options())
  await writeFile(file, bytes)
  expect(await recheckDamaged(content.ports, unhurried)).toBe(1)
  expect(await Promise.all(contents.map(isDamaged))).toEqual([false, true, false])
})

test('two at once check each registry once', async () => {
  await uploads(5)
  const second = await content.registry()
  await content.upload(repositoryIn(second, 'app'), blob('other'))
  const results = await Promise.all([scrub(content.ports, options()), scrub(content.ports, options())])
  const rest = await scrub(content.ports, options())
  expect(results[0].checked + results[1].checked + rest.checked).toBe(6)
})

test('keeps to its pace, and catches nothing up after a rest', async () => {
  let time = 10_000
  const pace = createPace(
    1000,
    () => time,
    async (milliseconds) => void (time += milliseconds),
  )
  await pace(1000)
  const start = time
  for (let count = 0; count < 10; count++) await pace(500)
  expect(time - start).toBe(5000)
  time += 60_000
  const rested = time
  for (let count = 0; count < 10; count++) await pace(500)
  expect(time - rested).toBe(4000)
})
