import type { Database } from '@roadstead/metadata/database.ts'
import { createMetadata } from '@roadstead/metadata/metadata.ts'
import { createHealth } from '@roadstead/runtime/health.ts'
import type { HealthCheck } from '@roadstead/runtime/health.ts'
import type { Lifecycle } from '@roadstead/runtime/lifecycle.ts'
import { listen } from '@roadstead/runtime/listen.ts'
import type { Log } from '@roadstead/runtime/log.ts'
import type { Metrics, RenderedMetrics } from '@roadstead/runtime/metrics.ts'
import { startWorker } from '@roadstead/worker-service/worker-service.ts'
import { createStandaloneApp } from './app.ts'
import type { Config } from './config.ts'
import { createProbes } from './probes.ts'
import { createRunningRequests } from './running-requests.ts'
import { createServices } from './services.ts'
import { openShared } from './shared.ts'
import { createStorage } from './storage.ts'

export interface ServeOptions {
  readonly database: Database
  readonly log: Log
  readonly lifecycle: Lifecycle
  readonly metrics: Metrics
  /** What /metrics answers: of this process, or of all that share the port. */
  readonly renderMetrics: () => Promise<RenderedMetrics>
  /** Milliseconds that active requests get when the process stops. */
  readonly drainGrace: number
}

export interface Serving {
  /** `http://127.0.0.1:5000`, one for each address. */
  readonly urls: readonly string[]
  readonly nameOf: ReturnType<typeof createServices>['loginServers']['nameOf']
  /** Starts the work in the background, where this deployment does it. */
  startJobs(): void
  /** Takes no more requests and gives those that run `grace` milliseconds; resolves when none runs any more. */
  retire(grace: number): Promise<void>
}

/** Milliseconds that handlers get when their connections are gone. */
const settling = 500

/** Builds what this process serves and listens. */
export async function serve(config: Config, options: ServeOptions): Promise<Serving> {
  const { database, log, lifecycle, metrics, renderMetrics, drainGrace } = options
  const facts = createMetadata(database)
  const storage = createStorage({ dataFolder: config.dataFolder, address: config.storage, credentials: config.storageCredentials })
  const shared = await openShared(config, log)
  lifecycle.onStop('connections to Redis', shared.close, 500)
  const usesStorage = config.services.has('registry') || config.services.has('worker')
  const checks: readonly HealthCheck[] = [
    { name: 'the database', check: () => facts.registries.list(undefined, 1) },
    ...(usesStorage ? [{ name: 'the storage', check: storage.check }] : []),
    ...shared.checks,
  ]
  const health = createHealth({ checks, onFailure: (name, error) => log.warn('not ready', { name, error }) })
  const { ports, loginServers, findRegistry, handlers } = createServices({ facts, config, storeOf: storage.storeOf, shared, log })
  metrics.gauge('processes', 'Processes that share the port', () => 1)
  if (usesStorage) metrics.gauge('storage_free_bytes', 'Bytes that are free for blobs', storage.freeBytes, 'same')

  const running = createRunningRequests()
  const app = createStandaloneApp({
    trustedProxies: config.trustedProxies,
    log,
    metrics,
    probes: createProbes(health, renderMetrics),
    loginServers,
    findRegistry,
    services: handlers.map(running.counted),
  })
  const certificate = config.tls && (await watchTls(config.tls, log, lifecycle))
  const listening = await listen({
    host: config.host,
    port: config.port,
    handler: app,
    limits: { connectionsPerAddress: config.connectionsPerAddress },
    ...(certificate !== undefined && { certificate }),
  })
  const retire = async (grace: number): Promise<void> => {
    health.stopping()
    const cut = await listening.drain(grace)
    if (cut > 0) log.warn('connections were cut off because they did not finish in time', { count: cut })
    await running.settled()
  }
  lifecycle.onStop('requests', () => retire(drainGrace), drainGrace + settling)

  const scheme = config.tls === undefined ? 'http' : 'https'
  return {
    urls: listening.addresses.map((address) => `${scheme}://${address.includes(':') ? `[${address}]` : address}:${listening.port}`),
    nameOf: loginServers.nameOf,
    startJobs() {
      if (config.services.has('worker')) lifecycle.onStop('background work', startWorker(ports, log, config.background), 500)
    },
    retire,
  }
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
