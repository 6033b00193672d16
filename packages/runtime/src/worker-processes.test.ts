import { beforeEach, describe, expect, test } from '@jest/globals'
import type { Log } from './log.ts'
import { createWorkerProcesses } from './worker-processes.ts'
import type { WorkerProcess, WorkerProcesses } from './worker-processes.ts'

/** A process that does as it is told, by the test. */
interface Puppet extends WorkerProcess {
  readonly serve: () => void
  readonly fail: (reason: string) => void
  readonly end: (how: string) => void
  readonly asked: string[]
}

let puppets: Puppet[]
let pauses: number[]
let lines: string[]
let time: number
let processes: WorkerProcesses

function puppet(): Puppet {
  const ready = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<string>()
  const asked: string[] = []
  const made: Puppet = {
    pid: puppets.length,
    ready: ready.promise,
    ended: ended.promise,
    asked,
    serve: ready.resolve,
    fail: (reason) => ready.reject(new Error(reason)),
    end: ended.resolve,
    retire: () => void asked.push('retire'),
    stop() {
      asked.push('stop')
      ended.resolve('code 0')
    },
    kill() {
      asked.push('kill')
      ended.resolve('SIGKILL')
    },
  }
  puppets.push(made)
  return made
}

beforeEach(() => {
  puppets = []
  pauses = []
  lines = []
  time = 0
  const note = (message: string): void => void lines.push(message)
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log }
  const pause = async (milliseconds: number): Promise<void> => void pauses.push(milliseconds)
  processes = createWorkerProcesses({ count: 2, start: puppet, log, now: () => time, pause })
})

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function started(): Promise<void> {
  const start = processes.start()
  for (const { serve } of puppets) serve()
  await start
}

describe('start', () => {
  test('is over when all serve', async () => {
    let isOver = false
    const start = processes.start().then(() => (isOver = true))
    puppets[0]!.serve()
    await settle()
    expect(isOver).toBe(false)
    puppets[1]!.serve()
    await start
  })

  test('fails with the reason of the first that cannot, and leaves none behind', async () => {
    const start = processes.start()
    puppets[0]!.serve()
    puppets[1]!.fail('the port is taken')
    await expect(start).rejects.toThrow('the port is taken')
    expect(puppets.map(({ asked }) => asked)).toEqual([['stop'], ['stop']])
  })
})

describe('a process that ends by itself', () => {
  test('is replaced, each time after a longer pause, and after a short one where it had lasted', async () => {
    await started()
    for (const how of ['SIGKILL', 'code 70', 'code 1']) {
      puppets.at(how === 'SIGKILL' ? 0 : -1)!.end(how)
      await settle()
    }
    expect(pauses).toEqual([100, 200, 400])
    time += 61_000
    puppets.at(-1)!.end('SIGSEGV')
    await settle()
    expect(pauses.at(-1)).toBe(100)
    expect(puppets).toHaveLength(6)
  })

  test('is not replaced while all stop', async () => {
    await started()
    await processes.stop(1000)
    await settle()
    expect(puppets).toHaveLength(2)
    expect(puppets.map(({ asked }) => asked)).toEqual([['stop'], ['stop']])
  })

  test('is ended by force where it does not stop in time', async () => {
    await started()
    Object.assign(puppets[1]!, { stop: () => undefined })
    await processes.stop(10)
    expect(puppets[1]!.asked).toEqual(['kill'])
  })
})

describe('replacement of all', () => {
  test('goes one by one; none retires before the next one serves', async () => {
    await started()
    const replacing = processes.replaceAll()
    await settle()
    expect(puppets).toHaveLength(3)
    expect(puppets[0]!.asked).toEqual([])
    puppets[2]!.serve()
    await settle()
    expect(puppets[0]!.asked).toEqual(['retire'])
    expect(puppets[1]!.asked).toEqual([])
    puppets[3]!.serve()
    await replacing
    expect(puppets[1]!.asked).toEqual(['retire'])
    puppets[0]!.end('code 0')
    puppets[1]!.end('code 0')
    await settle()
    expect(puppets).toHaveLength(4)
    expect(pauses).toEqual([])
  })

  test('keeps those that serve where the new one cannot start', async () => {
    await started()
    const replacing = processes.replaceAll()
    puppets[2]!.fail('the code is broken')
    puppets[2]!.end('code 1')
    await replacing
    expect(puppets).toHaveLength(3)
    expect(puppets[0]!.asked).toEqual([])
    expect(lines).toContain('a new worker process cannot start, the earlier ones stay')
  })

  test('asked for twice at once, happens once', async () => {
    await started()
    const first = processes.replaceAll()
    expect(processes.replaceAll()).toBe(first)
    for (const index of [2, 3]) {
      puppets[index]!.serve()
      await settle()
    }
    await first
  })

  test('while one crashes, leaves as many as there were', async () => {
    await started()
    const replacing = processes.replaceAll()
    puppets[0]!.end('SIGKILL')
    await settle()
    for (const { serve } of puppets) serve()
    await settle()
    for (const { serve } of puppets) serve()
    await replacing
    const left = puppets.filter(({ asked }, index) => index !== 0 && !asked.includes('retire'))
    expect(left).toHaveLength(2)
  })

  test('stops those that still finish their requests', async () => {
    await started()
    const replacing = processes.replaceAll()
    for (const index of [2, 3]) {
      puppets[index]!.serve()
      await settle()
    }
    await replacing
    await processes.stop(1000)
    expect(puppets[0]!.asked).toEqual(['retire', 'stop'])
  })
})
