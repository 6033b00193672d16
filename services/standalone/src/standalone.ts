import { lookup } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkFolder, prepareFolder } from '@roadstead/blob-store/filesystem/prepare.ts'
import { createMetadata } from '@roadstead/metadata/metadata.ts'
import { createHealth } from '@roadstead/runtime/health.ts'
import { createLifecycle } from '@roadstead/runtime/lifecycle.ts'
import type { Lifecycle } from '@roadstead/runtime/lifecycle.ts'
import { CannotListen, freePort, listen } from '@roadstead/runtime/listen.ts'
import { createLog } from '@roadstead/runtime/log.ts'
import type { Log } from '@roadstead/runtime/log.ts'
import { createMetrics } from '@roadstead/runtime/metrics.ts'
import { WrongSettings } from '@roadstead/runtime/settings.ts'
import { banner } from './banner.ts'
import { readArguments, usage, version } from './command-line.ts'
import { readConfig, unknownSettings } from './config.ts'
import type { Config } from './config.ts'
import { connectDatabase, DataFolderInUse } from './connect-database.ts'
import { ensureFirstRegistry } from './first-registry.ts'
import { startSweeper } from './sweeper.ts'

/** Milliseconds that active requests get when the process stops; all of it together stays below ten seconds. */
const drainGrace = 8000

/** Runs the whole of Roadstead until a signal ends it. */
export async function main(parameters: readonly string[]): Promise<void> {
  const wish = readArguments(parameters)
  if (wish !== 'start') {
    console[wish === 'wrong' ? 'error' : 'log'](wish === 'version' ? version : usage)
    process.exitCode = wish === 'wrong' ? 2 : 0
    return
  }
  const config = readConfigOrSay()
  if (config === undefined) return
  const log = createLog({ level: config.logLevel })
  for (const name of unknownSettings()) log.warn('this variable looks like a setting, but there is none of that name', { name })
  const lifecycle = createLifecycle({ process, log, now: () => performance.now() })
  try {
    await start(config, log, lifecycle)
  } catch (error) {
    console.error(`Roadstead cannot start: ${reasonsOf(error).join(': ')}`)
    if (!(error instanceof CannotListen || error instanceof DataFolderInUse)) log.error('cannot start', { error })
    await lifecycle.stop('cannot start', 1)
  }
}

async function start(config: Config, log: Log, lifecycle: Lifecycle): Promise<void> {
  // Loads while the database starts.
  const loaded = Promise.all([import('./services.ts'), import('./app.ts'), import('./probes.ts'), import('./storage.ts')])
  const metrics = createMetrics()
  const { database, migrations } = await connectDatabase(config, { log, lifecycle, metrics })
  const databaseReady = performance.now()
  const [{ createServices }, { createStandaloneApp }, { createProbes }, { createStores }] = await loaded
  const facts = createMetadata(database)
  await prepareFolder(config.storageFolder)
  const first =
    config.firstRegistry &&
    (await ensureFirstRegistry(facts, { ...config.firstRegistry, storage: config.storage, password: config.adminPassword }))

  const port = config.port === 0 ? await freePort(config.host) : config.port
  const publicAddress = config.publicAddress.port === 0 ? { ...config.publicAddress, port } : config.publicAddress
  const health = createHealth({
    checks: [
      { name: 'the database', check: () => facts.registries.list(undefined, 1) },
      { name: 'the storage', check: () => checkFolder(config.storageFolder) },
    ],
    onFailure: (name, error) => log.warn('not ready', { name, error }),
  })
  const { ports, loginServers, findRegistry, handlers } = createServices({
    facts,
    publicAddress,
    blobStore: createStores(config.dataFolder),
    log,
  })
  metrics.gauge('storage_free_bytes', 'Bytes that are free for blobs', async () => (await checkFolder(config.storageFolder)).freeBytes)
  const sweeper = startSweeper(ports, log)
  lifecycle.onStop('sweeper', sweeper, 500)

  const probes = createProbes(health, metrics)
  const app = createStandaloneApp({
    trustedProxies: config.trustedProxies,
    log,
    metrics,
    probes,
    loginServers,
    findRegistry,
    services: handlers,
  })
  const certificate = config.tls && (await watchTls(config.tls, log, lifecycle))
  const listening = await listen({
    host: config.host,
    port,
    handler: app,
    limits: { connectionsPerAddress: config.connectionsPerAddress },
    ...(certificate !== undefined && { certificate }),
  })
  lifecycle.onStop(
    'requests',
    async () => {
      health.stopping()
      const cut = await listening.drain(drainGrace)
      if (cut > 0) log.warn('connections were cut off because they did not finish in time', { count: cut })
    },
    drainGrace + 200,
  )

  const scheme = config.tls === undefined ? 'http' : 'https'
  const urls = listening.addresses.map((address) => `${scheme}://${address.includes(':') ? `[${address}]` : address}:${listening.port}`)
  const milliseconds = Math.round(performance.now())
  log.info('started', {
    version,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    pid: process.pid,
    urls,
    database: config.databaseUrl === undefined ? 'embedded' : 'external',
    migrations,
    databaseMilliseconds: Math.round(databaseReady),
    milliseconds,
  })
  const loginServer = first && loginServers.nameOf(first.registry.label)
  console.log(
    banner({
      version,
      milliseconds,
      urls,
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

async function watchTls(tls: { readonly certFile: string; readonly keyFile: string }, log: Log, lifecycle: Lifecycle) {
  const { watchCertificate } = await import('@roadstead/runtime/certificate.ts')
  const certificate = watchCertificate({
    ...tls,
    onRefused: (error) => log.error('the changed certificate cannot be used, the earlier one stays', { error }),
    onRenewed: () => log.info('the certificate was renewed'),
  })
  lifecycle.onStop('certificate', () => certificate.close(), 100)
  return certificate
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

function readConfigOrSay(): Config | undefined {
  try {
    return readConfig()
  } catch (error) {
    if (!(error instanceof WrongSettings)) throw error
    console.error(`Roadstead cannot start, ${error.message}`)
    process.exitCode = 2
    return undefined
  }
}

/** The message and those of its causes, without saying anything twice. */
function reasonsOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [String(error)]
  if (error instanceof CannotListen || error instanceof DataFolderInUse || error.cause === undefined) return [error.message]
  return [...new Set([error.message, ...reasonsOf(error.cause)])]
}
