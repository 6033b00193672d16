import { describe, expect, test } from '@jest/globals'
import { findDisorder } from './register.ts'
import type { RegisterOperation } from './register.ts'

function operation(op: RegisterOperation['op'], value: string | undefined, start: number, end: number, result: 'ok' | 'info' = 'ok') {
  return { process: 'p', key: 'tag', op, value, start, end, result } as const
}

describe('orders that exist', () => {
  const cases: readonly (readonly [string, readonly RegisterOperation[]])[] = [
    ['nothing', []],
    ['absent before the first write', [operation('read', undefined, 0, 1), operation('write', 'a', 2, 3), operation('read', 'a', 4, 5)]],
    [
      'a read beside two writes sees either',
      [operation('write', 'a', 0, 9), operation('write', 'b', 1, 8), operation('read', 'a', 2, 7), operation('read', 'b', 8, 9)],
    ],
    [
      'a write without an answer that happened late',
      [operation('write', 'a', 0, 1, 'info'), operation('read', undefined, 2, 3), operation('read', 'a', 4, 5)],
    ],
    ['a write without an answer that never happened', [operation('write', 'a', 0, 1, 'info'), operation('read', undefined, 2, 3)]],
    ['deleted', [operation('write', 'a', 0, 1), operation('delete', undefined, 2, 3), operation('read', undefined, 4, 5)]],
    [
      'a manifest that was erased after the tag had moved on',
      [operation('write', 'a', 0, 1), operation('write', 'b', 2, 3), operation('erase', 'a', 4, 5), operation('read', 'b', 6, 7)],
    ],
  ]
  test.each(cases)('%s', (_, operations) => expect(findDisorder(operations)).toBeUndefined())
})

describe('orders that do not', () => {
  const cases: readonly (readonly [string, readonly RegisterOperation[]])[] = [
    ['an acknowledged write is lost', [operation('write', 'a', 0, 1), operation('read', undefined, 2, 3)]],
    ['a value that nobody wrote', [operation('write', 'a', 0, 1), operation('read', 'b', 2, 3)]],
    ['an older value comes back', [operation('write', 'a', 0, 1), operation('write', 'b', 2, 3), operation('read', 'a', 4, 5)]],
    [
      'two readers see two writes in two orders',
      [
        operation('write', 'a', 0, 20),
        operation('write', 'b', 0, 20),
        operation('read', 'a', 1, 2),
        operation('read', 'b', 3, 4),
        operation('read', 'a', 5, 6),
      ],
    ],
    ['a deletion is undone', [operation('write', 'a', 0, 1), operation('delete', undefined, 2, 3), operation('read', 'a', 4, 5)]],
    [
      'a write without an answer that was seen before and not after',
      [operation('write', 'a', 0, 1, 'info'), operation('read', 'a', 2, 3), operation('read', undefined, 4, 5)],
    ],
  ]
  test.each(cases)('%s', (_, operations) => expect(findDisorder(operations)).toBeDefined())
})
