import { redisMissing } from '@roadstead/testing/redis-server.ts'
import { filesIn, startShared } from '../doubles/backend.ts'
import type { Fault } from '../faults/fault.ts'
import type { Outage } from './judge.ts'
import { playOutages } from './scene.ts'

/** Redis, which keeps upload sessions and nothing else. */
export const sessionsOutage: Fault = {
  name: 'outage redis',
  script: async (session) => {
    if (redisMissing !== undefined) return session.step.skip('all of outage redis', redisMissing)
    const { redis, environment, stop } = await startShared(session.folder)
    // Counts the moments at which sessions may have been lost.
    let losses = 0
    const losing = async (work: () => Promise<unknown>): Promise<void> => {
      losses += 1
      await work()
      losses += 1
    }
    const outages: readonly Omit<Outage, 'dependency'>[] = [
      { name: 'it crashes, and starts empty', begin: () => losing(() => redis.kill()), end: () => losing(() => redis.restart()) },
      { name: 'it is stopped in its tracks', begin: () => redis.pause(), end: () => redis.resume() },
    ]
    try {
      await playOutages(session, {
        environment: { ...environment, ...filesIn(session.folder) },
        outages: outages.map((outage) => ({ ...outage, dependency: 'sessions' })),
        memory: () => losses,
        accidents: [{ name: 'all of it is flushed, again and again', happen: () => losing(() => redis.command('FLUSHALL')) }],
      })
    } finally {
      await stop()
    }
  },
}
