import { describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { batchSize, collectBatches } from '../batches.ts'
import { chunked, pattern } from '../testing/bytes.ts'
import { bodyOf, collectBlock, withBytesBefore } from './blocks.ts'
import { createRoom } from './room.ts'

const idle = { count: () => 0, oneDone: async () => {} }
const busy = { count: () => 1, oneDone: async () => {} }
const source = (bytes: Buffer) => collectBatches(chunked(bytes, 65_536))
const want = { full: 4 * batchSize, mayBeShort: true }

describe('a block', () => {
  test('holds what the source gave, and its hash', async () => {
    const bytes = pattern(100_000)
    const block = await collectBlock(source(bytes), createRoom(10), idle, want)
    expect(Buffer.concat(block.chunks).equals(bytes)).toBe(true)
    expect(block).toMatchObject({ size: bytes.length, isLast: true })
    expect(Buffer.from(block.md5)).toEqual(createHash('md5').update(bytes).digest())
  })

  test('is full, and reserves all but its first batch', async () => {
    const room = createRoom(10)
    const block = await collectBlock(source(pattern(6 * batchSize)), room, idle, want)
    expect(block).toMatchObject({ size: 4 * batchSize, isLast: false, reserved: 3 })
  })

  test('goes short where there is no room', async () => {
    const block = await collectBlock(source(pattern(6 * batchSize)), createRoom(1), idle, want)
    expect(block).toMatchObject({ size: 2 * batchSize, isLast: false, reserved: 1 })
  })

  test('is full without room where blocks would run out', async () => {
    const room = createRoom(1)
    const block = await collectBlock(source(pattern(6 * batchSize)), room, idle, { ...want, mayBeShort: false })
    expect(block).toMatchObject({ size: 4 * batchSize, reserved: 1 })
    room.give(block.reserved)
    expect([room.take(), room.take()]).toEqual([true, false])
  })

  test('waits for the others of its upload where there is no room, and takes none once they are done', async () => {
    let under = 2
    const sending = { count: () => under, oneDone: async () => void under-- }
    const block = await collectBlock(source(pattern(6 * batchSize)), createRoom(0), sending, want)
    expect(under).toBe(0)
    expect(block).toMatchObject({ size: batchSize, reserved: 0 })
  })

  test('that fails gives its room back', async () => {
    const room = createRoom(2)
    const failing = { next: async () => Promise.reject(new Error('no')), release() {} }
    await expect(collectBlock(failing, room, busy, want)).rejects.toThrow('no')
    expect([room.take(), room.take(), room.take()]).toEqual([true, true, false])
  })

  test('of single bytes is few objects', async () => {
    const bytes = pattern(5_000)
    const single = Readable.from(
      [...bytes].map((byte) => Buffer.of(byte)),
      { objectMode: true },
    )
    const block = await collectBlock(collectBatches(single), createRoom(10), idle, want)
    expect(block.chunks.length).toBeLessThan(10)
    expect(Buffer.concat(block.chunks).equals(bytes)).toBe(true)
  })

  test('may get bytes before it', () => {
    const block = { ...bodyOf([Buffer.from('world')]), isLast: true, reserved: 3 }
    const longer = withBytesBefore(Buffer.from('hello '), block)
    expect(Buffer.concat(longer.chunks).toString()).toBe('hello world')
    expect(longer).toMatchObject({ size: 11, isLast: true, reserved: 3 })
    expect(Buffer.from(longer.md5)).toEqual(createHash('md5').update('hello world').digest())
  })
})
