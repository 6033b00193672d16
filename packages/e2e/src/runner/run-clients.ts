import { join } from 'node:path'
import { resolveLocally } from '../../../../scripts/clients/hosts.ts'
import { installClients } from '../../../../scripts/clients/install.ts'
import { makeFixtures } from '../images/fixtures.ts'
import type { Client } from './client.ts'
import { runClient } from './run-client.ts'
import { freePort, LOGIN_SERVER, startServer } from './server.ts'
import type { Server } from './server.ts'
import { steps } from './steps.ts'
import type { Outcome } from './steps.ts'
import type { Target } from './target.ts'

export interface RunClientsOptions {
  /** A registry that runs already; without it one is started, and stopped at the end. */
  readonly target: Target | undefined
  readonly folder: string
  readonly record: (outcome: Outcome) => void
}

/** Installs what these clients need and runs them one after another against one registry. */
export async function runClients(clients: readonly Client[], options: RunClientsOptions): Promise<void> {
  const installed = installClients([...new Set([...clients.flatMap((client) => client.needs), 'busybox', 'debootstrap'] as const)])
  const pathOf = (name: 'busybox' | 'debootstrap'): string | undefined => {
    const built = installed.get(name)
    return built !== undefined && 'path' in built ? built.path : undefined
  }
  const busybox = pathOf('busybox')
  const unresolved = options.target === undefined ? await resolveLocally(LOGIN_SERVER) : undefined
  if (busybox === undefined || unresolved !== undefined) {
    const reason = unresolved ?? 'there is no static busybox to make something to push of'
    for (const { name } of clients) steps(name, options.record).skip(`all of ${name}`, reason)
    return
  }

  const { folder, record } = options
  const images = makeFixtures({ busybox, debootstrap: pathOf('debootstrap') }, join(folder, 'images'))
  let own: Server | undefined
  if (options.target === undefined) {
    const settings = { dataFolder: join(folder, 'data'), logFile: join(folder, 'roadstead.log'), port: await freePort() }
    await steps('Roadstead', record)('starts', async () => void (own = await startServer(settings)))
  }
  const registry = options.target ?? own
  if (registry === undefined) return
  for (const client of clients) await runClient(client, { registry, installed, images, folder, record })
  await own?.stop()
}
