import { expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { RegistryId } from '@roadstead/oci/registry.ts'
import { chunked, contentOf, pattern, summaryOf } from './bytes.ts'
import { collect, neighbour, registry } from './trial.ts'
import type { Trial } from './trial.ts'

const kibibyte = 1024
const mebibyte = 1024 * 1024

/** Many uploads and several registries beside each other. */
export function describeRegistries(trial: Trial): void {
  const onDisk = trial.traits.inMemory === true ? test.skip : test

  test('two locations are never the same, and two registries share none', async () => {
    const mine = await Promise.all(Array.from({ length: 100 }, () => trial.store.begin(registry)))
    const theirs = await Promise.all(Array.from({ length: 100 }, () => trial.store.begin(neighbour)))
    const all = [...mine, ...theirs].map(({ location }) => location)
    expect(new Set(all).size).toBe(all.length)
    expect([...mine, ...theirs].every(({ offset }) => offset === 0)).toBe(true)
  })

  test('a list shows what is staged and what is committed, and nothing of another registry', async () => {
    const open = await trial.staged(pattern(1_000))
    const final = await trial.committed(pattern(2_000))
    const other = await trial.store.append(await trial.store.begin(neighbour), chunked(pattern(3_000), 512))
    await trial.store.commit(other)

    const mine = await collect(trial.store.list(registry))
    expect(mine.map(({ location }) => location).sort()).toEqual([open.location, final].sort())
    expect(mine.find(({ location }) => location === final)).toMatchObject({ size: 2_000 })
    expect(mine.every(({ modifiedAt }) => Math.abs(modifiedAt.getTime() - Date.now()) < 3_600_000)).toBe(true)
    expect((await collect(trial.store.list(neighbour))).map(({ location }) => location)).toEqual([other.location])
    expect(await collect(trial.store.list(700 as RegistryId))).toEqual([])
  })

  test('200 uploads at once keep their bytes apart', async () => {
    const contents = Array.from({ length: 200 }, (_, index) => pattern(20_000 + index * 97, index))
    const locations = await Promise.all(contents.map((bytes) => trial.committed(bytes)))
    const read = await Promise.all(locations.map((location) => contentOf(trial.store, location)))
    for (const [index, bytes] of read.entries()) expect(bytes).toEqual(summaryOf(contents[index]!))
  })

  onDisk('256 MiB pass through without being held', async () => {
    const piece = pattern(64 * kibibyte)
    const count = 4096
    const hash = createHash('sha256')
    for (let index = 0; index < count; index++) hash.update(piece)
    const source = Readable.from(repeat(piece, count), { objectMode: false })

    const before = process.memoryUsage.rss()
    let peak = before
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 5)
    const upload = await trial.store.append(await trial.store.begin(registry), source)
    await trial.store.commit(upload)
    const digest = createHash('sha256')
    for await (const chunk of (await trial.store.read(upload.location))!) digest.update(chunk as Buffer)
    clearInterval(watch)

    expect(upload.offset).toBe(count * piece.length)
    expect(digest.digest('hex')).toBe(hash.digest('hex'))
    expect(peak - before).toBeLessThan(100 * mebibyte)
  })
}

function* repeat(piece: Buffer, count: number): Generator<Buffer> {
  for (let index = 0; index < count; index++) yield piece
}
