import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { createRecent } from './recent.ts'

describe('createRecent', () => {
  test('stays within its bounds, forgets the oldest unused first, and never answers anything but what was set last', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), key, value: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ kind: fc.constantFrom('get' as const, 'delete' as const), key, value: fc.constant(0) }),
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 12 }),
        fc.array(step, { maxLength: 60 }),
        (entries, weight, steps) => {
          const recent = createRecent<number>({ entries, weight, weigh: (_, value) => value })
          let list: { name: string; value: number; used: boolean }[] = []
          const isTooMuch = (): boolean => list.length > entries || list.reduce((total, { value }) => total + value, 0) > weight
          for (const { kind, key: name, value } of steps) {
            const found = list.find((each) => each.name === name)
            if (kind === 'get') {
              expect(recent.get(name)).toBe(found?.value)
              if (found !== undefined) found.used = true
              continue
            }
            list = list.filter((each) => each !== found)
            if (kind === 'delete') recent.delete(name)
            else {
              recent.set(name, value)
              list.push({ name, value, used: false })
              while (isTooMuch()) {
                const oldest = list.shift()!
                if (oldest.used) list.push({ ...oldest, used: false })
              }
            }
          }
          for (const name of 'abcde') expect(recent.get(name)).toBe(list.find((each) => each.name === name)?.value)
        },
      ),
    )
  })

  test('what is in use survives a flood of what is used once', () => {
    const recent = createRecent<number>({ entries: 100, weight: 1000, weigh: () => 1 })
    recent.set('busy', 1)
    for (let index = 0; index < 10_000; index++) {
      recent.set(`once ${index}`, index)
      expect(recent.get('busy')).toBe(1)
    }
  })
})
