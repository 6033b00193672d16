import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { createDeadlines } from './deadlines.ts'

describe('deadlines', () => {
  test('answer what a list that is sorted every time answers', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const due = fc.integer({ min: 0, max: 300_000 })
    const step = fc.oneof(fc.record({ key, due }), fc.record({ key }), fc.record({ time: due, limit: fc.integer({ min: 0, max: 6 }) }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const deadlines = createDeadlines()
        const plain = new Map<string, number>()
        for (const one of steps) {
          if ('time' in one) {
            const sorted = [...plain].filter(([, at]) => at <= one.time).sort(([, a], [, b]) => a - b)
            const found = deadlines.until(one.time, one.limit)
            expect(found.map((name) => plain.get(name))).toEqual(sorted.slice(0, one.limit).map(([, at]) => at))
            expect(new Set(found).size).toBe(found.length)
          } else if ('due' in one) {
            deadlines.set(one.key, one.due)
            plain.set(one.key, one.due)
          } else {
            deadlines.delete(one.key)
            plain.delete(one.key)
          }
        }
      }),
    )
  })
})
