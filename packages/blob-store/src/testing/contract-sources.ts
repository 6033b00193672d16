import { describe, expect, test } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import { breakingSource, chunked, contentOf, pattern, slowSource, summaryOf } from './bytes.ts'
import { registry } from './trial.ts'
import type { Trial } from './trial.ts'

const mebibyte = 1024 * 1024

/** A source may end in many ways; what it gave is stored in each. */
export function describeSources(trial: Trial): void {
  describe('a source that breaks off', () => {
    test.each([0, 1, 70_000, mebibyte, 2 * mebibyte + 5])('with an error after %d bytes has ended there', async (size) => {
      const bytes = pattern(size + 100_000)
      const upload = await trial.store.append(await trial.store.begin(registry), breakingSource(bytes.subarray(0, size)))
      expect(upload.offset).toBeLessThanOrEqual(size)
      const whole = await trial.store.append(upload, chunked(bytes.subarray(upload.offset), 50_000))
      expect(whole.offset).toBe(bytes.length)
      await trial.store.commit(whole)
      expect(await contentOf(trial.store, whole.location)).toEqual(summaryOf(bytes))
    })

    test('keeps what had come', async () => {
      const bytes = pattern(300_000)
      const upload = await trial.store.append(await trial.store.begin(registry), breakingSource(bytes))
      expect(upload.offset).toBe(bytes.length)
    })

    test('was destroyed before', async () => {
      const source = chunked(pattern(100), 10)
      source.destroy()
      const upload = await trial.store.begin(registry)
      expect(await trial.store.append(upload, source)).toEqual(upload)
    })

    test('was destroyed without an error while it was waited for', async () => {
      const source = slowSource(pattern(100_000))
      const appended = trial.store.append(await trial.store.begin(registry), source)
      setTimeout(() => source.destroy(), 20)
      expect((await appended).offset).toBe(100_000)
    })

    test('may fail once more after it was let go', async () => {
      const source = slowSource(pattern(10))
      const stop = new AbortController()
      const appended = trial.store.append(await trial.store.begin(registry), source, stop.signal)
      stop.abort()
      await appended
      source.destroy(new Error('too late'))
      await sleep(5)
    })
  })

  test('a signal ends the wait for a source, and what had come is kept', async () => {
    const bytes = pattern(150_000)
    const stop = new AbortController()
    const appended = trial.store.append(await trial.store.begin(registry), slowSource(bytes), stop.signal)
    setTimeout(() => stop.abort(), 20)
    const upload = await appended
    expect(upload.offset).toBe(bytes.length)
    await trial.store.commit(upload)
    expect(await contentOf(trial.store, upload.location)).toEqual(summaryOf(bytes))
  })

  test('a signal that was given before ends an append at once', async () => {
    const upload = await trial.store.begin(registry)
    expect(await trial.store.append(upload, slowSource(pattern(10)), AbortSignal.abort())).toEqual(upload)
  })
}
