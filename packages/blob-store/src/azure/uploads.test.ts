import { describe, expect, test } from '@jest/globals'
import { Readable } from 'node:stream'
import type { BlobStore, Location, StagedUpload } from '@roadstead/distribution/blob-store.ts'
import { createAzureStore } from '../azure.ts'
import { describeOnAzurite } from '../testing/azure.ts'
import { chunked, contentOf, pattern, summaryOf } from '../testing/bytes.ts'
import { collect, registry } from '../testing/trial.ts'
import type { BlockSize } from './block-size.ts'
import { readMemo } from './memo.ts'

const mebibyte = 1024 * 1024

/** Three blocks of any size, then none below 10,000 bytes. */
const joining = (used: number): BlockSize => ({ full: 4 * mebibyte, least: used < 3 ? 1 : 10_000, mayBeShort: true })

describeOnAzurite('uploads to Azure', (bench) => {
  const sizes = [4, 8, 16, 20].flatMap((size) => [size * mebibyte - 1, size * mebibyte, size * mebibyte + 1])

  test.each(sizes)('%d bytes come back, block for block', async (size) => {
    const store = createAzureStore(await bench.settings())
    const bytes = pattern(size)
    const upload = await store.append(await store.begin(registry), chunked(bytes, 65_536))
    expect(readMemo(upload.memo).runs).toHaveLength(1)
    await store.commit(upload)
    expect(await contentOf(store, upload.location)).toEqual(summaryOf(bytes))
  })

  test('many appends, each by another instance that knows only what went through JSON', async () => {
    const settings = await bench.settings()
    const bytes = pattern(1_000_000)
    let upload = await createAzureStore(settings).begin(registry)
    let index = 0
    while (upload.offset < bytes.length) {
      const next = upload.offset + ((index++ * 7919) % 20_000) + 1
      const piece = bytes.subarray(upload.offset, next)
      upload = throughJson(await createAzureStore(settings).append(throughJson(upload), chunked(piece, 4_000)))
    }
    await createAzureStore(settings).commit(upload)
    expect(await contentOf(createAzureStore(settings), upload.location)).toEqual(summaryOf(bytes))
  })

  test('of twenty appends that race each leaves a whole upload, and none mixes with another', async () => {
    const settings = await bench.settings({ blockSizeAfter: joining })
    for (const parts of [1, 4]) {
      const store = createAzureStore(settings)
      const bytes = pattern(parts * 5_000)
      const start = await appended(store, bytes, 5_000)
      const endings = Array.from({ length: 20 }, (_, index) => pattern(9 * mebibyte + index * 1000, index + 1))
      const small = Array.from({ length: 20 }, (_, index) => pattern(500 + index, index + 50))
      const racing = [...endings, ...small].map((ending) => createAzureStore(settings).append(start, chunked(ending, 65_536)))
      const results = await Promise.all(racing)
      const winner = parts === 1 ? 7 : 27
      await store.commit(results[winner]!)
      const expected = Buffer.concat([bytes, [...endings, ...small][winner]!])
      expect(await contentOf(store, start.location)).toEqual(summaryOf(expected))
    }
  })

  describe('of two commits with different bytes', () => {
    test.each([100, 101])('the second one fails, and changes nothing (%d bytes)', async (size) => {
      const store = createAzureStore(await bench.settings())
      const start = await store.begin(registry)
      const first = await store.append(start, chunked(pattern(100, 1), 10))
      const second = await store.append(start, chunked(pattern(size, 2), 10))
      await store.commit(first)
      await expect(store.commit(second)).rejects.toThrow(/other bytes/)
      expect(await contentOf(store, start.location)).toEqual(summaryOf(pattern(100, 1)))
      await store.commit(first)
    })
  })

  test('an append after the commit does not touch what was committed', async () => {
    const store = createAzureStore(await bench.settings())
    const upload = await appended(store, pattern(100), 100)
    await store.commit(upload)
    const late = await store.append(upload, chunked(pattern(50, 3), 50))
    await expect(store.commit(late)).rejects.toThrow(/other bytes/)
    expect(await contentOf(store, upload.location)).toEqual(summaryOf(pattern(100)))
  })

  test('uploads that share too little room get on, in smaller blocks', async () => {
    const settings = await bench.settings({ memory: 0 })
    const store = createAzureStore(settings)
    const contents = Array.from({ length: 8 }, (_, index) => pattern(3 * mebibyte + index, index))
    const uploads = await Promise.all(contents.map((bytes) => appended(store, bytes, bytes.length)))
    for (const [index, upload] of uploads.entries()) {
      expect(readMemo(upload.memo).runs[0]!.count).toBeGreaterThan(1)
      await store.commit(upload)
      expect(await contentOf(store, upload.location)).toEqual(summaryOf(contents[index]!))
    }
  })

  describe('chunks too small for blocks of their own', () => {
    test('are joined: 1,500 of them need few blocks', async () => {
      const settings = await bench.settings({ blockSizeAfter: joining })
      const store = createAzureStore(settings)
      const bytes = pattern(1_500 * 300)
      const upload = await appended(store, bytes, 300)
      const memo = readMemo(upload.memo)
      expect(memo.runs.reduce((sum, { count }) => sum + count, 0)).toBeLessThan(60)
      expect(memo.tail!.length).toBeGreaterThan(0)
      await store.commit(upload)
      await createAzureStore(settings).commit(throughJson(upload))
      expect(await contentOf(store, upload.location)).toEqual(summaryOf(bytes))
      expect((await collect(store.list(registry))).map(({ location }) => location)).toEqual([upload.location])
    })

    test('survive appends that nobody acknowledged', async () => {
      const store = createAzureStore(await bench.settings({ blockSizeAfter: joining }))
      const bytes = pattern(80_000)
      let upload = await appended(store, bytes.subarray(0, 8_000), 2_000)
      while (upload.offset < bytes.length) {
        await store.append(upload, chunked(pattern(700, 9), 700))
        await store.append(upload, chunked(pattern(30_000, 9), 700))
        upload = await store.append(upload, chunked(bytes.subarray(upload.offset, upload.offset + 3_000), 700))
      }
      await store.commit(upload)
      expect(await contentOf(store, upload.location)).toEqual(summaryOf(bytes))
    })

    test('are part of a larger append that follows', async () => {
      const store = createAzureStore(await bench.settings({ blockSizeAfter: joining }))
      const bytes = pattern(10 * mebibyte)
      const parked = await appended(store, bytes.subarray(0, 8_000), 2_000)
      expect(readMemo(parked.memo).tail).toBeDefined()
      const upload = await store.append(parked, chunked(bytes.subarray(8_000), 65_536))
      expect(readMemo(upload.memo).tail).toBeUndefined()
      await store.commit(upload)
      expect(await contentOf(store, upload.location)).toEqual(summaryOf(bytes))
    })

    test('are thrown away with their upload', async () => {
      const store = createAzureStore(await bench.settings({ blockSizeAfter: joining }))
      const upload = await appended(store, pattern(8_000), 2_000)
      await store.abort(upload)
      await store.abort(upload)
      expect(await collect(store.list(registry))).toEqual([])
      await expect(store.append(upload, chunked(pattern(20_000), 5_000))).rejects.toThrow(/lost/)
      await expect(store.commit(upload)).rejects.toThrow(/gone/)
    })
  })

  test.each(['', '7', '7/../8', `7/${'g'.repeat(32)}`, `7/${'a'.repeat(33)}`, `07/${'a'.repeat(32)}`, `/7/${'a'.repeat(32)}`])(
    'the location %j is refused everywhere',
    async (text) => {
      const store = createAzureStore(await bench.settings())
      const location = text as Location
      const upload = { location, offset: 0 }
      await expect(store.append(upload, Readable.from([]))).rejects.toThrow(/not one of this store/)
      await expect(store.commit(upload)).rejects.toThrow(/not one of this store/)
      await expect(store.abort(upload)).rejects.toThrow(/not one of this store/)
      await expect(store.read(location)).rejects.toThrow(/not one of this store/)
      await expect(store.link(location, new Date())).rejects.toThrow(/not one of this store/)
      await expect(store.delete([location])).rejects.toThrow(/not one of this store/)
    },
  )

  test('more than one batch and one page are removed and listed', async () => {
    const settings = await bench.settings()
    const store = createAzureStore(settings)
    const locations = await Promise.all(
      Array.from({ length: 600 }, async () => {
        const upload = await store.begin(registry)
        await store.commit(upload)
        return upload.location
      }),
    )
    expect(await collect(store.list(registry))).toHaveLength(600)
    await store.delete(locations)
    expect(await collect(store.list(registry))).toEqual([])
  })
})

async function appended(store: BlobStore, bytes: Buffer, size: number): Promise<StagedUpload> {
  let upload = await store.begin(registry)
  for (let at = 0; at < bytes.length; at += size) upload = await store.append(upload, chunked(bytes.subarray(at, at + size), 65_536))
  return upload
}

function throughJson(upload: StagedUpload): StagedUpload {
  return JSON.parse(JSON.stringify(upload)) as StagedUpload
}
