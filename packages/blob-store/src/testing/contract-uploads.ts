import { describe, expect, test } from '@jest/globals'
import { Readable } from 'node:stream'
import type { StagedUpload } from '@roadstead/distribution/blob-store.ts'
import { chunked, contentOf, pattern, summaryOf } from './bytes.ts'
import { collect, registry } from './trial.ts'
import type { Trial } from './trial.ts'

const kibibyte = 1024
const mebibyte = 1024 * 1024

/** Bytes go in once, in any number of appends, and are what a commit made of them. */
export function describeUploads(trial: Trial): void {
  const sizes = [kibibyte * 64, mebibyte, 5 * mebibyte].flatMap((size) => [size - 1, size, size + 1])

  test.each([0, 1, 2, 10_000, ...sizes, 2 * mebibyte + 7, 12 * mebibyte])('keeps %d bytes', async (size) => {
    const bytes = pattern(size)
    const upload = await trial.staged(bytes)
    expect(upload.offset).toBe(size)
    await trial.store.commit(upload)
    expect(await contentOf(trial.store, upload.location)).toEqual(summaryOf(bytes))
  })

  test.each([2, 3, 7])('keeps bytes that come in %d appends of odd sizes', async (count) => {
    const bytes = pattern(6 * mebibyte + 12_345)
    const cuts = Array.from({ length: count + 1 }, (_, index) => Math.floor((bytes.length * index ** 2) / count ** 2))
    let upload = await trial.store.begin(registry)
    for (const [index, start] of cuts.slice(0, -1).entries()) {
      upload = await trial.store.append(upload, chunked(bytes.subarray(start, cuts[index + 1]), 1000 + 7919 * index))
      expect(upload.offset).toBe(cuts[index + 1])
    }
    await trial.store.commit(upload)
    expect(await contentOf(trial.store, upload.location)).toEqual(summaryOf(bytes))
  })

  test('takes many tiny chunks, and empty ones', async () => {
    const bytes = pattern(5_000)
    const chunks = [...bytes].flatMap((byte) => [Buffer.of(byte), Buffer.alloc(0)])
    const upload = await trial.store.append(await trial.store.begin(registry), Readable.from(chunks, { objectMode: true }))
    await trial.store.commit(upload)
    expect(await contentOf(trial.store, upload.location)).toEqual(summaryOf(bytes))
  })

  test('an append of nothing changes nothing', async () => {
    const bytes = pattern(3_000)
    const upload = await trial.staged(bytes)
    expect(await trial.store.append(upload, Readable.from([]))).toEqual(upload)
    await trial.store.commit(upload)
    expect(await contentOf(trial.store, upload.location)).toEqual(summaryOf(bytes))
  })

  test('begin, abort and commit of nothing give an empty blob, which can be read', async () => {
    const upload = await trial.store.begin(registry)
    await trial.store.commit(upload)
    await trial.store.commit(upload)
    expect(await contentOf(trial.store, upload.location)).toEqual(summaryOf(Buffer.alloc(0)))
  })

  test('another instance goes on with an upload that went through JSON', async () => {
    const bytes = pattern(7 * mebibyte + 11)
    const first = await trial.staged(bytes.subarray(0, 3 * mebibyte + 1))
    const other = await trial.another()
    const second = await other.append(throughJson(first), chunked(bytes.subarray(first.offset), 65_536))
    await trial.store.commit(throughJson(second))
    expect(await contentOf(other, second.location)).toEqual(summaryOf(bytes))
  })

  describe('bytes behind the offset, from an append that nobody acknowledged,', () => {
    const bytes = pattern(2 * mebibyte)
    const lost = Buffer.alloc(3 * mebibyte, 0xee)

    test.each([0, 1, 100_000])('are overwritten (offset %d)', async (offset) => {
      const upload = await trial.staged(bytes.subarray(0, offset))
      await trial.store.append(upload, chunked(lost, 65_536))
      const again = await trial.store.append(upload, chunked(bytes.subarray(offset), 65_536))
      await trial.store.commit(again)
      expect(await contentOf(trial.store, again.location)).toEqual(summaryOf(bytes))
    })

    test.each([0, 1, 100_000])('are cut off by the commit (offset %d)', async (offset) => {
      const upload = await trial.staged(bytes.subarray(0, offset))
      await trial.store.append(upload, chunked(lost, 65_536))
      await trial.store.commit(upload)
      expect(await contentOf(trial.store, upload.location)).toEqual(summaryOf(bytes.subarray(0, offset)))
    })
  })

  test('a commit may be repeated, by another instance as well', async () => {
    const bytes = pattern(100_000)
    const upload = await trial.staged(bytes)
    await trial.store.commit(upload)
    await trial.store.commit(upload)
    await (await trial.another()).commit(throughJson(upload))
    expect(await contentOf(trial.store, upload.location)).toEqual(summaryOf(bytes))
  })

  test('an abort may be repeated, and leaves nothing', async () => {
    const upload = await trial.staged(pattern(100_000))
    await trial.store.abort(upload)
    await trial.store.abort(upload)
    expect(await trial.store.read(upload.location)).toBeUndefined()
    expect(await collect(trial.store.list(registry))).toEqual([])
  })

  test('an abort of an upload that stored nothing is none either', async () => {
    await trial.store.abort(await trial.store.begin(registry))
    expect(await collect(trial.store.list(registry))).toEqual([])
  })

  test('an upload whose bytes are gone is an error, not a blob with a hole', async () => {
    const upload = await trial.staged(pattern(100_000))
    await trial.store.abort(upload)
    const appended = trial.store.append(upload, chunked(pattern(10), 10))
    if (trial.traits.noticesLossAtCommit === true) await expect(trial.store.commit(await appended)).rejects.toThrow()
    else await expect(appended).rejects.toThrow()
    await expect(trial.store.commit(upload)).rejects.toThrow()
  })
}

function throughJson(upload: StagedUpload): StagedUpload {
  return JSON.parse(JSON.stringify(upload)) as StagedUpload
}
