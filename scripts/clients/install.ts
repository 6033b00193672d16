import { existsSync } from 'node:fs'
import { installDebian } from './debian.ts'
import { buildGo } from './go.ts'
import type { Built } from './go.ts'
import { clients } from './list.ts'
import type { ClientName, ClientSource, DebianClient } from './list.ts'

export type { Built } from './go.ts'
export type Installed = ReadonlyMap<ClientName, Built>

/** Makes these clients present where that is possible here; says of each where it is, or why it is not. Quick when warm. */
export function installClients(names: readonly ClientName[]): Installed {
  const sources = names.map((name): [ClientName, ClientSource] => [name, clients[name]])
  const problem = installDebian(sources.map(([, source]) => source).filter(isDebian))
  return new Map(sources.map(([name, source]) => [name, isDebian(source) ? found(source, problem) : buildGo(name, source)]))
}

function isDebian(source: ClientSource): source is DebianClient {
  return 'packages' in source
}

function found(client: DebianClient, problem: string | undefined): Built {
  if (existsSync(client.program)) return { path: client.program }
  return { skipped: problem ?? `${client.packages.join(' ')} is installed without ${client.program}` }
}
