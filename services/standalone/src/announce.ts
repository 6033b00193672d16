import { lookup } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RegistryLabel } from '@roadstead/oci/login-server.ts'
import type { Log } from '@roadstead/runtime/log.ts'
import { banner } from './banner.ts'
import { version } from './command-line.ts'
import type { Config } from './config.ts'
import type { Prepared } from './prepare.ts'

/** Says that everything is ready: one line for the log, the rest for whoever started it. */
export async function announce(
  config: Config,
  { first, migrations, databaseReady }: Prepared,
  { urls, nameOf }: { readonly urls: readonly string[]; readonly nameOf: (label: RegistryLabel) => string },
  log: Log,
): Promise<void> {
  const milliseconds = Math.round(performance.now())
  log.info('started', {
    version,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    pid: process.pid,
    urls,
    services: [...config.services],
    workers: config.workers,
    database: config.databaseUrl === undefined ? 'embedded' : 'external',
    sessions: config.redisUrl === undefined ? 'in this process' : 'redis',
    migrations,
    databaseMilliseconds: Math.round(databaseReady),
    milliseconds,
  })
  const loginServer = first && nameOf(first.registry.label)
  console.log(
    banner({
      version,
      milliseconds,
      urls,
      workers: config.workers,
      dataFolder: config.dataFolder,
      first: first && {
        loginServer: loginServer!,
        username: first.registry.name,
        password: first.password,
        resolves: await resolves(loginServer!),
      },
    }),
  )
}

/** Whether ordinary programs find an address for the name. A resolver that takes a second is one that will not find it. */
async function resolves(loginServer: string): Promise<boolean> {
  const name = loginServer.replace(/:\d+$/, '')
  const found = lookup(name).then(
    () => true,
    () => false,
  )
  return Promise.race([found, sleep(1000, false, { ref: false })])
}
