import { EventEmitter, once } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import { createLifecycle } from './lifecycle.ts'
import type { FlushableLog } from './log.ts'

function setUp(onHangup?: () => void) {
  const events = new EventEmitter()
  const codes: number[] = []
  const process = {
    on: (event: string, listener: (reason: Error) => void) => events.on(event, listener),
    exit: (code: number) => {
      codes.push(code)
      events.emit('ended')
    },
  }
  const lines: string[] = []
  const note = (message: string): void => void lines.push(message)
  const log: FlushableLog = { debug: note, info: note, warn: note, error: note, child: () => log, flush: () => Promise.resolve() }
  const clock = { time: 0 }
  const lifecycle = createLifecycle({ process, log, now: () => clock.time, ...(onHangup !== undefined && { onHangup }) })
  return { lifecycle, events, codes, lines, clock, ended: once(events, 'ended') }
}

describe('lifecycle', () => {
  test('a signal stops the parts in reverse order, one after the other, and ends with 0', async () => {
    const { lifecycle, events, codes, ended } = setUp()
    const order: string[] = []
    lifecycle.onStop('database', () => order.push('database'), 1000)
    lifecycle.onStop(
      'server',
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 10))
        order.push('server')
      },
      1000,
    )
    events.emit('SIGTERM')
    await ended
    expect(order).toEqual(['server', 'database'])
    expect(codes).toEqual([0])
  })

  test('a part that fails or hangs does not keep the others from stopping', async () => {
    const { lifecycle, events, codes, lines, ended } = setUp()
    const stopped: string[] = []
    lifecycle.onStop('database', () => stopped.push('database'), 1000)
    lifecycle.onStop('hanging', () => new Promise(() => undefined), 10)
    lifecycle.onStop('failing', () => Promise.reject(new Error('no')), 1000)
    events.emit('SIGINT')
    await ended
    expect(stopped).toEqual(['database'])
    expect(codes).toEqual([0])
    expect(lines).toEqual(expect.arrayContaining(['a part did not stop in time', 'a part did not stop cleanly']))
  })

  test('the echoes of one Ctrl-C are one signal; a second press ends at once', async () => {
    const { lifecycle, events, codes, clock, ended } = setUp()
    const { promise: release, resolve } = Promise.withResolvers<void>()
    lifecycle.onStop('slow', () => release, 5000)
    events.emit('SIGINT')
    clock.time = 300
    events.emit('SIGINT')
    expect(codes).toEqual([])
    clock.time = 1500
    events.emit('SIGINT')
    await ended
    expect(codes).toEqual([1])
    resolve()
    await lifecycle.stop('again', 0)
  })

  test('SIGHUP stops, unless it is told to mean something else', async () => {
    const plain = setUp()
    plain.events.emit('SIGHUP')
    await plain.ended
    expect(plain.codes).toEqual([0])
    let heard = 0
    const other = setUp(() => (heard += 1))
    other.events.emit('SIGHUP')
    expect(heard).toBe(1)
    expect(other.codes).toEqual([])
    other.events.emit('SIGTERM')
    await other.ended
    expect(other.codes).toEqual([0])
  })

  test('a rejection that nobody handled ends nothing', () => {
    const { events, codes, lines } = setUp()
    events.emit('unhandledRejection', new Error('of one request'))
    expect(codes).toEqual([])
    expect(lines).toEqual(['a promise was rejected and nobody handled it'])
  })

  test('an uncaught exception stops in order and ends with 70', async () => {
    const { lifecycle, events, codes, ended } = setUp()
    let stopped = false
    lifecycle.onStop('server', () => (stopped = true), 1000)
    events.emit('uncaughtException', new Error('broken'))
    await ended
    expect(stopped).toBe(true)
    expect(codes).toEqual([70])
  })
})
