/**
 * Reads per second of Roadstead and of Debian's docker-registry on this machine: `npm run bench -- [--rounds 5] [--seconds 5]`.
 * They are measured in turns, so that whatever else the machine does falls on all of them.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { residentBytes, treeResidentBytes } from '@roadstead/e2e/runner/memory.ts'
import { freePort, LOGIN_SERVER, startServer } from '@roadstead/e2e/runner/server.ts'
import { scratchFolder } from '@roadstead/e2e/runner/scratch.ts'
import type { Server } from '@roadstead/e2e/runner/server.ts'
import { resolveLocally } from '../clients/hosts.ts'
import { installClients } from '../clients/install.ts'
import type { ClientName } from '../clients/list.ts'
import { compareReads } from './compare.ts'
import { startDistribution } from './distribution.ts'
import type { Peer } from './distribution.ts'

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '5' } } })

const needed: readonly ClientName[] = ['wrk', 'docker-registry', 'htpasswd']
const installed = installClients(needed)
const missing = [...installed].flatMap(([name, built]) => ('skipped' in built ? [`${name}: ${built.skipped}`] : []))
if (missing.length > 0) console.log(`skipped: the benchmark (${missing.join('; ')})`)
else await bench()

async function bench(): Promise<void> {
  const folder = scratchFolder('bench')
  const note = await resolveLocally(LOGIN_SERVER)
  if (note !== undefined) console.log(`note: ${note}`)
  const stops: (() => Promise<unknown>)[] = []
  try {
    const roadstead = await startRoadstead(folder)
    stops.push(roadstead.stop)
    const distribution = { program: program('docker-registry'), folder: join(folder, 'registry'), port: await freePort() }
    const open = await startDistribution(distribution)
    stops.push(open.stop)
    const htpasswd = { ...distribution, folder: join(folder, 'registry-htpasswd'), port: await freePort(), htpasswd: program('htpasswd') }
    const closed = await startDistribution(htpasswd)
    stops.push(closed.stop)

    console.log(`docker-registry: started in ${open.startedInMs.toFixed(0)} ms`)
    const servers = { 'Roadstead, bearer token': roadstead, 'docker-registry, htpasswd': closed, 'docker-registry, open': open }
    printMemory('idle', servers)
    await compareReads(servers, { wrk: program('wrk'), rounds: Number(options.rounds), seconds: Number(options.seconds) })
    printMemory('after the load', servers)
  } finally {
    for (const stop of stops) await stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Starts twice, the first time on an empty folder. */
async function startRoadstead(folder: string): Promise<Server> {
  const settings = { dataFolder: join(folder, 'data'), logFile: join(folder, 'roadstead.log'), environment: { NODE_ENV: 'production' } }
  const first = await startServer({ ...settings, port: await freePort() })
  await first.stop()
  const later = await startServer({ ...settings, port: await freePort() })
  console.log(`Roadstead: ready after ${first.startedInMs.toFixed(0)} ms the first time, ${later.startedInMs.toFixed(0)} ms later`)
  return later
}

function printMemory(when: string, servers: Readonly<Record<string, Server | Peer>>): void {
  for (const [name, { pid }] of Object.entries(servers)) {
    console.log(`${name}: ${mib(residentBytes(pid))} resident ${when}, ${mib(treeResidentBytes(pid))} with its child processes`)
  }
}

function mib(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(0)} MiB`
}

function program(name: ClientName): string {
  const built = installed.get(name)
  if (built === undefined || 'skipped' in built) throw new Error(`${name} is not installed`)
  return built.path
}
