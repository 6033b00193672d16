import { expect, test } from '@jest/globals'
import { Readable } from 'node:stream'
import type { BlobStore, StagedUpload } from '@roadstead/distribution/blob-store.ts'
import { createAzureStore } from '../azure.ts'
import { describeOnAzurite } from '../testing/azure.ts'
import { contentOf, pattern } from '../testing/bytes.ts'
import { collect, registry } from '../testing/trial.ts'

const mebibyte = 1024 * 1024

/** What each operation costs: no copy, no list, and no look at what is there on the way of a push or a pull. */
describeOnAzurite('calls to Azure', (bench) => {
  const open = async () => {
    const store = createAzureStore(await bench.proxied())
    bench.proxy.reset()
    return store
  }

  test.each([
    ['an empty blob', 0, 0],
    ['1 kB', 1_000, 1],
    ['10 MB', 10_000_000, 3],
    ['100 MB', 100_000_000, 24],
  ])('a push of %s', async (_, size, blocks) => {
    const store = await open()
    const upload = await store.append(await store.begin(registry), generated(size))
    expect(taken()).toEqual(blocks === 0 ? {} : { 'Put Block': blocks })
    expect(bytesSent()).toBe(size)
    bench.proxy.reset()
    await store.commit(upload)
    expect(taken()).toEqual({ 'Put Block List': 1 })
    expect(bytesSent()).toBeLessThan(100 + 60 * blocks)
  })

  test('a pull, whole or in part', async () => {
    const store = await open()
    const { location } = await pushed(store, 10_000_000)
    bench.proxy.reset()
    await contentOf(store, location)
    expect(taken()).toEqual({ 'Get Blob': 1 })
    bench.proxy.reset()
    await contentOf(store, location, { first: 5_000_000, last: 5_000_009 })
    expect(taken()).toEqual({ 'Get Blob': 1 })
    expect(bench.proxy.calls.map(({ down }) => down)).toEqual([10])
  })

  test('a link', async () => {
    const store = await open()
    const { location } = await pushed(store, 1_000)
    bench.proxy.reset()
    await store.link(location, new Date(Date.now() + 60_000))
    expect(taken()).toEqual({})
  })

  test('a removal of one, and of 300', async () => {
    const store = await open()
    const { location } = await pushed(store, 1_000)
    const others = await Promise.all(Array.from({ length: 300 }, () => pushed(store, 0)))
    bench.proxy.reset()
    await store.delete([location])
    expect(taken()).toEqual({ 'Delete Blob': 1 })
    bench.proxy.reset()
    await store.delete(others.map((upload) => upload.location))
    expect(taken()).toEqual({ 'Blob Batch': 2 })
    bench.proxy.reset()
    await store.delete([])
    expect(taken()).toEqual({})
  })

  test('an upload that is given up', async () => {
    const store = await open()
    const upload = await store.append(await store.begin(registry), generated(1_000))
    bench.proxy.reset()
    await store.abort(upload)
    expect(taken()).toEqual({ 'Put Block List': 1, 'Delete Blob': 1 })
  })

  test('a list of 300', async () => {
    const store = await open()
    await Promise.all(Array.from({ length: 300 }, () => pushed(store, 0)))
    bench.proxy.reset()
    await collect(store.list(registry))
    expect(taken()).toEqual({ 'List Blobs': 1 })
  })

  test('chunks too small for blocks', async () => {
    const blockSizeAfter = (used: number) => ({ full: 4 * mebibyte, least: used < 1 ? 1 : 10_000, mayBeShort: true })
    const store = createAzureStore(await bench.proxied({ blockSizeAfter }))
    let upload = await store.begin(registry)
    bench.proxy.reset()
    for (let chunk = 0; chunk < 101; chunk++) upload = await store.append(upload, generated(1_000))
    // One block, then ten rounds of: a new tail, nine pieces in all, and the tenth makes a block of it.
    expect(taken()).toEqual({ 'Put Block': 11, 'Put Blob': 10, 'Append Block': 90, 'Get Blob': 10, 'Delete Blob': 9 })
  })

  function taken(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {}
    for (const { name } of bench.proxy.calls) counts[name] = (counts[name] ?? 0) + 1
    return counts
  }

  function bytesSent(): number {
    return bench.proxy.calls.reduce((sum, { up }) => sum + up, 0)
  }
})

async function pushed(store: BlobStore, size: number): Promise<StagedUpload> {
  const upload = await store.append(await store.begin(registry), generated(size))
  await store.commit(upload)
  return upload
}

function generated(size: number): Readable {
  const piece = pattern(65_536)
  return Readable.from(
    (function* () {
      for (let left = size; left > 0; left -= piece.length) yield piece.subarray(0, Math.min(left, piece.length))
    })(),
    { objectMode: false },
  )
}
