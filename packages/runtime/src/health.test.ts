import { describe, expect, test } from '@jest/globals'
import { createHealth } from './health.ts'

describe('readiness', () => {
  test('is given when every check answers', async () => {
    const health = createHealth({ checks: [{ name: 'one', check: async () => 'whatever' }] })
    expect(await health.readiness()).toEqual({ ready: true })
  })

  test('names each dependency that fails, and not why', async () => {
    const failures: string[] = []
    const health = createHealth({
      checks: [
        { name: 'the database', check: async () => Promise.reject(new Error('password of postgres://x wrong')) },
        { name: 'the storage', check: () => Promise.resolve() },
        {
          name: 'the cache',
          check: () => {
            throw new Error('at once')
          },
        },
      ],
      onFailure: (name, error) => failures.push(`${name}: ${(error as Error).message}`),
    })
    expect(await health.readiness()).toEqual({ ready: false, reasons: ['the database does not answer', 'the cache does not answer'] })
    expect(failures.sort()).toEqual(['the cache: at once', 'the database: password of postgres://x wrong'])
  })

  test('is refused when a check never answers', async () => {
    const health = createHealth({ checks: [{ name: 'the database', check: () => new Promise(() => undefined) }], timeLimit: 20 })
    expect(await health.readiness()).toEqual({ ready: false, reasons: ['the database did not answer within 20 ms'] })
  })

  test('asks once for all who ask at the same time, and again only when the answer is old', async () => {
    let asked = 0
    let time = 0
    const health = createHealth({ checks: [{ name: 'x', check: async () => (asked += 1) }], freshFor: 250, now: () => time })
    await Promise.all(Array.from({ length: 50 }, () => health.readiness()))
    time = 249
    await health.readiness()
    expect(asked).toBe(1)
    time = 250
    await health.readiness()
    expect(asked).toBe(2)
  })

  test('ends when the process begins to stop, whatever was said before', async () => {
    const health = createHealth({ checks: [] })
    expect(await health.readiness()).toEqual({ ready: true })
    health.stopping()
    expect(await health.readiness()).toEqual({ ready: false, reasons: ['this process is stopping'] })
  })
})
