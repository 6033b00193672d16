import { expect, test } from '@jest/globals'
import { coalesce } from './coalesce.ts'

/** A database whose statements end when the test says so. */
function held(options: { readonly most?: number; readonly flights?: number } = {}) {
  const sent: {
    readonly keys: readonly string[]
    readonly answer: (facts: readonly (string | undefined)[]) => void
    readonly fail: (error: Error) => void
  }[] = []
  const look = coalesce<string, string>({
    identify: (key) => key,
    ask: (keys) => new Promise((resolve, reject) => sent.push({ keys, answer: resolve, fail: reject })),
    ...options,
  })
  return { sent, look }
}

/** Until everything that can go on without the database has gone on. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('who asks alone is asked for at once', async () => {
  const { sent, look } = held()
  const fact = look('a')
  await settled()
  expect(sent.map(({ keys }) => keys)).toEqual([['a']])
  sent[0]!.answer(['fact of a'])
  expect(await fact).toBe('fact of a')
})

test('who asks while statements are under way shares the next one; equal keys share one place', async () => {
  const { sent, look } = held({ flights: 1 })
  const first = look('a')
  await settled()
  const later = [look('b'), look('c'), look('b')]
  await settled()
  expect(sent).toHaveLength(1)
  sent[0]!.answer(['1'])
  expect(await first).toBe('1')
  await settled()
  expect(sent.map(({ keys }) => keys)).toEqual([['a'], ['b', 'c']])
  sent[1]!.answer(['2', undefined])
  expect(await Promise.all(later)).toEqual(['2', undefined, '2'])
})

test('a key that is under way is asked for again for a newcomer, who must see what was committed before it came', async () => {
  const { sent, look } = held({ flights: 1 })
  const early = look('a')
  await settled()
  const late = look('a')
  sent[0]!.answer(['before'])
  await settled()
  sent[1]!.answer(['after'])
  expect(await Promise.all([early, late])).toEqual(['before', 'after'])
})

test('no more statements at once, and no more keys in one, than allowed', async () => {
  const { sent, look } = held({ flights: 2, most: 3 })
  const first = look('a')
  await settled()
  const second = look('b')
  await settled()
  const rest = ['c', 'd', 'e', 'f'].map(look)
  await settled()
  expect(sent.map(({ keys }) => keys)).toEqual([['a'], ['b']])
  sent[0]!.answer(['a'])
  await settled()
  expect(sent[2]!.keys).toEqual(['c', 'd', 'e'])
  sent[1]!.answer(['b'])
  await settled()
  expect(sent[3]!.keys).toEqual(['f'])
  sent[2]!.answer(['c', 'd', 'e'])
  sent[3]!.answer(['f'])
  expect(await Promise.all([first, second, ...rest])).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
})

test('the failure of a statement is that of its callers, and of nobody after them', async () => {
  const { sent, look } = held({ flights: 1 })
  const failing = Promise.allSettled([look('a'), look('b')])
  await settled()
  const next = look('a')
  sent[0]!.fail(new Error('gone'))
  expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await settled()
  sent[1]!.answer(['back'])
  expect(await next).toBe('back')
})
