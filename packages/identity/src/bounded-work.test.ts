import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { createBoundedWork } from './bounded-work.ts'

describe('createBoundedWork', () => {
  test('never more at once than allowed, in order of arrival, and failures give their place back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.record({ steps: fc.nat(5), fails: fc.boolean() }), { maxLength: 30 }),
        async (atOnce, jobs) => {
          const inTurn = createBoundedWork({ atOnce, waiting: jobs.length })
          let running = 0
          let most = 0
          const begun: number[] = []
          const results = await Promise.allSettled(
            jobs.map(({ steps, fails }, index) =>
              inTurn(async () => {
                begun.push(index)
                most = Math.max(most, ++running)
                for (let step = 0; step < steps; step++) await Promise.resolve()
                running--
                if (fails) throw new Error('failed')
                return index
              }),
            ),
          )
          expect(most).toBeLessThanOrEqual(atOnce)
          expect(begun).toEqual(jobs.map((_, index) => index))
          expect(results.map(({ status }) => status)).toEqual(jobs.map(({ fails }) => (fails ? 'rejected' : 'fulfilled')))
        },
      ),
    )
  })

  test('refuses what would wait in too long a line, and works again when the line is gone', async () => {
    const inTurn = createBoundedWork({ atOnce: 1, waiting: 1 })
    const { promise, resolve } = Promise.withResolvers<string>()
    const [running, waiting] = [inTurn(() => promise), inTurn(() => promise)]
    await expect(inTurn(() => promise)).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' })
    resolve('done')
    expect(await Promise.all([running, waiting])).toEqual(['done', 'done'])
    await expect(inTurn(() => promise)).resolves.toBe('done')
  })
})
