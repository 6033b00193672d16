import { join } from 'node:path'
import { filesIn } from '../doubles/backend.ts'
import { databaseUrl, postgresBinaries, startPostgres } from '../doubles/postgres.ts'
import { startTcpProxy } from '../doubles/tcp-proxy.ts'
import type { Fault } from '../faults/fault.ts'
import { freePort } from '../runner/server.ts'
import { flipOnDisk } from './corruption.ts'
import type { Outage } from './judge.ts'
import { playOutages } from './scene.ts'

/** PostgreSQL behind a proxy; bytes are files, upload sessions are in the process. */
export const databaseOutage: Fault = {
  name: 'outage database',
  script: async (session) => {
    if (postgresBinaries === undefined) return session.step.skip('all of outage database', 'there is no PostgreSQL for this machine')
    const postgres = await startPostgres(session.folder)
    const proxy = await startTcpProxy(postgres.port)
    const outages: readonly Omit<Outage, 'dependency'>[] = [
      { name: 'connections are refused', begin: () => proxy.set('refuse'), end: () => proxy.set('pass') },
      { name: 'packets are dropped', begin: () => proxy.set('stall'), end: () => proxy.set('pass') },
      { name: 'the server is stopped in its tracks', begin: () => postgres.pause(), end: () => postgres.resume() },
      { name: 'the server is restarted', begin: () => postgres.stop('fast'), end: () => postgres.start() },
      { name: 'the server crashes', begin: () => postgres.stop('immediate'), end: () => postgres.start() },
      {
        name: 'another server takes over',
        begin: () => postgres.stop('immediate'),
        end: async () => {
          await postgres.start(await freePort())
          proxy.redirect(postgres.port)
        },
      },
    ]
    try {
      const environment = { ...filesIn(session.folder), DATABASE_URL: databaseUrl(proxy.port) }
      await playOutages(session, {
        environment,
        outages: outages.map((outage) => ({ ...outage, dependency: 'database' })),
        more: (step, server) => flipOnDisk(step, server, join(session.folder, 'blobs')),
      })
    } finally {
      await proxy.close()
      await postgres.stop('immediate')
    }
  },
}
