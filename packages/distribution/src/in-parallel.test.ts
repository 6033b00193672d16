import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { inParallel } from './in-parallel.ts'
import { all } from './testing/stored-content.ts'

async function* numbers(count: number): AsyncGenerator<number> {
  for (let n = 0; n < count; n++) yield n
}

test.each([1, 3, 100])('does all of it, never more than %i at a time', async (width) => {
  let [running, most] = [0, 0]
  const work = async (n: number): Promise<number> => {
    most = Math.max(most, ++running)
    for (let count = 0; count < (n * 7) % 5; count++) await turn()
    running--
    return n * 2
  }
  const results = await all(inParallel(numbers(50), width, work))
  expect(results.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n * 2))
  expect(most).toBeLessThanOrEqual(width)
  if (width > 1) expect(most).toBeGreaterThan(1)
})

test('ends with the first failure', async () => {
  const work = async (n: number): Promise<number> => {
    await turn()
    if (n >= 5) throw new Error(`failed at ${n}`)
    return n
  }
  await expect(all(inParallel(numbers(50), 4, work))).rejects.toThrow('failed at')
})
