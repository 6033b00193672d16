import { describe, expect, test } from '@jest/globals'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { batchChunks, batchSize, collectBatches } from './batches.ts'
import { chunked, pattern } from './testing/bytes.ts'

describe('batches of a source', () => {
  test('are about 1 MiB, and only one is read ahead', async () => {
    let given = 0
    const source = new Readable({
      highWaterMark: 1,
      read() {
        given += 65_536
        this.push(Buffer.alloc(65_536))
      },
    })
    const batches = collectBatches(source)
    expect(sizeOf(await batches.next())).toBe(batchSize)
    await sleep(20)
    // What was taken, one batch ahead, and what the source itself holds.
    expect(given).toBeLessThanOrEqual(2 * batchSize + 2 * 65_536)
    batches.release()
    source.destroy()
  })

  test('hold a bounded number of chunks, however small they are', async () => {
    const source = Readable.from(Array.from({ length: 5_000 }, () => Buffer.of(1)))
    const batches = collectBatches(source)
    const counts: number[] = []
    for (let batch = await batches.next(); batch !== undefined; batch = await batches.next()) counts.push(batch.length)
    expect(Math.max(...counts)).toBeLessThanOrEqual(batchChunks)
    expect(counts.reduce((sum, count) => sum + count)).toBe(5_000)
  })

  test('never hold empty chunks', async () => {
    const source = Readable.from([Buffer.alloc(0), Buffer.of(1), Buffer.alloc(0)])
    const batches = collectBatches(source)
    expect(await batches.next()).toEqual([Buffer.of(1)])
    expect(await batches.next()).toBeUndefined()
    expect(await collectBatches(Readable.from([Buffer.alloc(0)])).next()).toBeUndefined()
  })

  test('of a source that was over long before are none', async () => {
    const destroyed = chunked(pattern(10), 5)
    destroyed.destroy()
    await sleep(5)
    expect(await collectBatches(destroyed).next()).toBeUndefined()

    const read = chunked(pattern(10), 5)
    await read.toArray()
    expect(await collectBatches(read).next()).toBeUndefined()

    const failed = chunked(pattern(10), 5).on('error', () => {})
    failed.destroy(new Error('connection reset'))
    await sleep(5)
    expect(await collectBatches(failed).next()).toBeUndefined()
  })

  test('leave a source that was let go paused, with nothing lost', async () => {
    const bytes = pattern(4 * batchSize)
    const source = chunked(bytes, 65_536)
    const batches = collectBatches(source)
    const first = (await batches.next())!
    batches.release()
    const second = (await batches.next()) ?? []
    const rest = (await source.toArray()) as Buffer[]
    expect(Buffer.concat([...first, ...second, ...rest]).equals(bytes)).toBe(true)
  })
})

function sizeOf(batch: readonly Uint8Array[] | undefined): number {
  return batch?.reduce((sum, { byteLength }) => sum + byteLength, 0) ?? 0
}
