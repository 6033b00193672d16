import { describe, expect, test } from '@jest/globals'
import type { RegistryId } from '@roadstead/oci/registry.ts'
import type { StagedUpload } from '@roadstead/distribution/blob-store.ts'
import type { S3Store } from '../s3.ts'
import { chunked, contentOf, pattern, summaryOf } from '../testing/bytes.ts'
import { describeOnMinio } from '../testing/s3-on-minio.ts'
import { collect } from '../testing/trial.ts'
import { createUploadMemory } from './upload-memory.ts'
import type { UploadMemory } from './upload-memory.ts'

const registry = 7 as RegistryId
const mebibyte = 1024 * 1024

describeOnMinio('uploads to S3', ({ minio, open, proxy }) => {
  describe('sizes around the limits of parts', () => {
    const limits = [5, 8, 13, 21].map((size) => size * mebibyte)
    const sizes = limits.flatMap((size) => [size - 1, size, size + 1])

    test.each(sizes)('%d bytes in one append', async (size) => {
      const store = open()
      const bytes = pattern(size)
      const upload = await store.append(await store.begin(registry), chunked(bytes, 65_536))
      await store.commit(upload)
      expect(await contentOf(store, upload.location)).toEqual(summaryOf(bytes))
    })

    test.each(sizes)('%d bytes in two appends, the first without its last 5 MiB and a byte', async (size) => {
      const bytes = pattern(size)
      const cut = Math.max(1, size - 5 * mebibyte - 1)
      const upload = await inPieces(open, bytes, [cut, size])
      expect(await contentOf(open(), upload.location)).toEqual(summaryOf(bytes))
    })
  })

  describe('chunks, each to a new instance and through JSON,', () => {
    test.each([
      ['40 of 1 MiB', 40, mebibyte],
      ['12 of 4 MiB', 12, 4 * mebibyte],
      ['5 of 5 MiB', 5, 5 * mebibyte],
      ['4 of 9 MiB and a byte', 4, 9 * mebibyte + 1],
      ['30 of 1 kB', 30, 1_000],
    ])('%s', async (_name, count, size) => {
      const bytes = pattern(count * size)
      const cuts = Array.from({ length: count }, (_, index) => (index + 1) * size)
      const upload = await inPieces(open, bytes, cuts)
      expect(await contentOf(open(), upload.location)).toEqual(summaryOf(bytes))
      // Neither tails nor uploads stay behind.
      expect((await collect(open().list(registry))).map(({ location }) => location)).toEqual([upload.location])
    })

    test('of changing sizes, while memory is scarce', async () => {
      const bytes = pattern(40 * mebibyte)
      const cuts = [100, 6 * mebibyte, 6 * mebibyte + 1, 30 * mebibyte, 31 * mebibyte, 40 * mebibyte]
      const upload = await inPieces(() => open({ memory: createUploadMemory(0) }), bytes, cuts)
      expect(await contentOf(open(), upload.location)).toEqual(summaryOf(bytes))
    })
  })

  describe('of two racing appends, the one that is committed has its bytes or fails,', () => {
    const starts = [0, 10, 6 * mebibyte]
    const lengths = [10, 7 * mebibyte, 14 * mebibyte]
    const cases = starts.flatMap((start) => lengths.flatMap((length) => [0, 1].map((index) => [start, length, index] as const)))
    test.each(cases)('at %d with %d bytes, number %d', async (start, length, index) => {
      const store = open()
      const begin = await store.begin(registry)
      const upload = start === 0 ? begin : await store.append(begin, chunked(pattern(start), 65_536))
      const contents = [pattern(start + length), Buffer.concat([pattern(start), pattern(length, 1)])]
      const appended = await Promise.all(contents.map((bytes) => open().append(upload, chunked(bytes.subarray(start), 65_536))))
      const { location } = appended[index]!
      const committed = await open()
        .commit(appended[index]!)
        .then(
          () => true,
          () => false,
        )
      expect(await contentOf(store, location)).toEqual(committed ? summaryOf(contents[index]!) : undefined)
      // Where the two share no part there is nothing that could fail.
      if (start + length < 5 * mebibyte || start < 5 * mebibyte) expect(committed).toBe(true)
    })

    test('and where they do not share a multipart upload, either can be committed', async () => {
      const store = open()
      for (const length of [10, 6 * mebibyte]) {
        const begin = await store.begin(registry)
        const first = await store.append(begin, chunked(pattern(length), 65_536))
        await open().append(begin, chunked(pattern(length, 1), 65_536))
        await open().commit(first)
        expect(await contentOf(store, first.location)).toEqual(summaryOf(pattern(length)))
      }
    })
  })

  test('32 uploads at once hold no more than the shared bytes and 12 MiB each', async () => {
    const limit = 32 * mebibyte
    const memory = createUploadMemory(limit)
    let peak = 0
    const watched: UploadMemory = {
      ...memory,
      open() {
        const account = memory.open()
        const add = (bytes: number) => {
          account.add(bytes)
          peak = Math.max(peak, memory.held())
        }
        return { ...account, add }
      },
    }
    const store = open({ memory: watched }, { endpoint: minio().endpoint })
    const bytes = pattern(24 * mebibyte)
    const put = async () => store.append(await store.begin(registry), chunked(bytes, 65_536))
    const uploads = await Promise.all(Array.from({ length: 32 }, put))
    for (const upload of uploads) await store.abort(upload)
    expect(peak).toBeGreaterThan(limit)
    expect(peak).toBeLessThanOrEqual(limit + 32 * 12 * mebibyte)
    expect(memory.held()).toBe(0)
  })

  test('an upload that was never finished is listed with its bytes, and can be removed by what the list says', async () => {
    const store = open()
    const upload = await store.append(await store.begin(registry), chunked(pattern(9 * mebibyte), 65_536))
    const tailed = await store.append(upload, chunked(pattern(10), 10))
    const listed = await collect(store.list(registry))
    expect(listed.map(({ size }) => size).sort((a, b) => a - b)).toEqual([10, 9 * mebibyte])
    await store.delete(listed.map(({ location }) => location))
    expect(await collect(store.list(registry))).toEqual([])
    await expect(store.commit(tailed)).rejects.toThrow()
  })

  test('uploads without a new part since a time are aborted, those of other registries and later ones are not', async () => {
    const store = open()
    const nine = () => chunked(pattern(9 * mebibyte), 65_536)
    const mine = await store.append(await store.begin(registry), nine())
    const theirs = await store.append(await store.begin(70 as RegistryId), nine())
    expect(await store.abortStaleUploads(new Date(Date.now() - 60_000))).toBe(0)
    expect(await store.abortStaleUploads(new Date(Date.now() + 60_000), registry)).toBe(1)
    await expect(store.commit(mine)).rejects.toThrow()
    await store.commit(theirs)
    expect(await collect(store.list(registry))).toEqual([])
  })

  test('an append that fails leaves no multipart upload', async () => {
    const store = open({ attempts: 2, random: () => 0 })
    proxy().reset(({ name }) => (name === 'UploadPart' ? { kind: 'answer', status: 500 } : undefined))
    await expect(store.append(await store.begin(registry), chunked(pattern(30 * mebibyte), 65_536))).rejects.toThrow('storage')
    proxy().reset()
    for (let tries = 0; tries < 100 && (await collect(store.list(registry))).length > 0; tries++);
    expect(await collect(store.list(registry))).toEqual([])
  })

  test.each(['', '../7/0', '7/zz', `7/${'0'.repeat(31)}`, `07/${'0'.repeat(32)}`, `7/${'0'.repeat(32)}/x`, `7/${'0'.repeat(32)}?`])(
    'the location %j is refused everywhere',
    async (text) => {
      const store = open()
      const location = text as StagedUpload['location']
      proxy().reset()
      await expect(store.read(location)).rejects.toThrow('is not one of this store')
      await expect(store.link(location, new Date(Date.now() + 60_000))).rejects.toThrow('is not one of this store')
      await expect(store.delete([location])).rejects.toThrow('is not one of this store')
      await expect(store.commit({ location, offset: 0 })).rejects.toThrow('is not one of this store')
      await expect(store.abort({ location, offset: 0 })).rejects.toThrow('is not one of this store')
      await expect(store.append({ location, offset: 0 }, chunked(pattern(1), 1))).rejects.toThrow('is not one of this store')
      expect(proxy().calls).toEqual([])
    },
  )
})

/** Appends up to each of `cuts` by an instance of its own, and commits. */
async function inPieces(open: () => S3Store, bytes: Buffer, cuts: readonly number[]): Promise<StagedUpload> {
  let upload = await open().begin(registry)
  for (const cut of cuts) {
    upload = await open().append(throughJson(upload), chunked(bytes.subarray(upload.offset, cut), 65_536))
    expect(upload.offset).toBe(cut)
  }
  await open().commit(throughJson(upload))
  return upload
}

function throughJson(upload: StagedUpload): StagedUpload {
  return JSON.parse(JSON.stringify(upload)) as StagedUpload
}
