import { expect, test } from '@jest/globals'
import { readdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { contentOf, pattern, summaryOf } from './bytes.ts'
import { registry } from './trial.ts'
import type { Trial } from './trial.ts'

const kibibyte = 1024
const mebibyte = 1024 * 1024

/** What was committed can be read, whole and in ranges, until it is deleted. */
export function describeReads(trial: Trial): void {
  const onDisk = trial.traits.inMemory === true ? test.skip : test

  test('nothing is read where nothing was stored', async () => {
    const { location } = await trial.store.begin(registry)
    expect(await trial.store.read(location)).toBeUndefined()
    expect(await trial.store.read(location, { first: 0, last: 0 })).toBeUndefined()
  })

  test.each([1, 10_000, 64 * kibibyte, 64 * kibibyte + 1, 3 * mebibyte])('any range of %d bytes can be read', async (size) => {
    const bytes = pattern(size)
    const location = await trial.committed(bytes)
    const last = size - 1
    const middle = Math.floor(size / 2)
    const ranges = [
      { first: 0, last: 0 },
      { first: last, last },
      { first: 0, last },
      { first: middle, last: middle },
      { first: Math.floor(size / 3), last: Math.floor((size * 2) / 3) },
      { first: Math.floor(size / 5), last },
      { first: 0, last: Math.max(0, last - 1) },
    ].filter((range) => range.last <= last)
    for (const range of ranges) {
      expect(await contentOf(trial.store, location, range)).toEqual(summaryOf(bytes.subarray(range.first, range.last + 1)))
    }
  })

  test('what was read stays what it was while others read', async () => {
    const contents = Array.from({ length: 30 }, (_, index) => pattern(5_000, index))
    const locations = await Promise.all(contents.map((bytes) => trial.committed(bytes)))
    const streams = []
    for (const location of locations) streams.push(await trial.store.read(location))
    for (const [index, stream] of streams.entries()) {
      const bytes = Buffer.concat((await stream!.toArray()) as Buffer[])
      expect(summaryOf(bytes)).toEqual(summaryOf(contents[index]!))
    }
  })

  test('a reader that was given up in time reads nothing', async () => {
    const location = await trial.committed(pattern(10))
    await expect(trial.store.read(location, undefined, AbortSignal.abort())).rejects.toThrow()
  })

  test('a signal ends a read on its way', async () => {
    const location = await trial.committed(pattern(8 * mebibyte))
    const stop = new AbortController()
    const stream = await trial.store.read(location, undefined, stop.signal)
    const consumed = (async () => {
      for await (const _ of stream!) stop.abort()
    })()
    await expect(consumed).rejects.toThrow()
  })

  test('a delete takes a batch, with some that are not there and some named twice', async () => {
    const kept = await trial.committed(pattern(10))
    const gone = [await trial.committed(pattern(20)), await trial.committed(pattern(2 * mebibyte))]
    const never = (await trial.store.begin(registry)).location
    await trial.store.delete([...gone, never, gone[0]!])
    await trial.store.delete(gone)
    await trial.store.delete([])
    for (const location of [...gone, never]) expect(await trial.store.read(location)).toBeUndefined()
    expect(await contentOf(trial.store, kept)).toEqual(summaryOf(pattern(10)))
  })

  test('a link is an address, or there is none', async () => {
    const link = await trial.store.link(await trial.committed(pattern(10)), new Date(Date.now() + 60_000))
    expect(link === undefined || link.protocol.startsWith('http')).toBe(true)
  })

  onDisk('readers that leave early leave no descriptor behind', async () => {
    const large = await trial.committed(pattern(4 * mebibyte))
    const small = await trial.committed(pattern(100))
    // A store on the network keeps a connection for the next read.
    await contentOf(trial.store, small)
    const before = await descriptors()
    for (let round = 0; round < 20; round++) {
      const unread = await trial.store.read(large)
      unread!.destroy()
      const begun = await trial.store.read(large, { first: 10, last: 3 * mebibyte })
      for await (const _ of begun!) break
      await trial.store.read(small)
    }
    for (let tries = 0; tries < 100 && (await descriptors()) > before; tries++) await sleep(10)
    expect(await descriptors()).toBeLessThanOrEqual(before)
  })
}

async function descriptors(): Promise<number> {
  return (await readdir('/proc/self/fd').catch(() => [])).length
}
