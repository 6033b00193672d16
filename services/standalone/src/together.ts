import cluster from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lifecycle } from '@roadstead/runtime/lifecycle.ts'
import type { Log } from '@roadstead/runtime/log.ts'
import { createMetrics } from '@roadstead/runtime/metrics.ts'
import { createWorkerProcesses } from '@roadstead/runtime/worker-processes.ts'
import type { WorkerProcesses } from '@roadstead/runtime/worker-processes.ts'
import { createLoginServers } from '@roadstead/http/login-servers.ts'
import { announce } from './announce.ts'
import type { Config } from './config.ts'
import { openPool, startEmbedded } from './connect-database.ts'
import { giveJobs } from './jobs-holder.ts'
import { collectMetrics } from './collect-metrics.ts'
import { atPort, prepare } from './prepare.ts'
import { forkWorker } from './fork-worker.ts'

/** Milliseconds that the workers get to stop. They give their requests less. */
const stopLimit = 8600

/**
 * Runs several processes that share the port. This one does what is done once, starts the others, and keeps them running; it holds the
 * listening sockets and answers no request itself, so that whatever a request breaks, it goes on.
 */
export async function runTogether(config: Config, log: Log, lifecycle: Lifecycle): Promise<WorkerProcesses> {
  const url = config.databaseUrl ?? (await startEmbedded(config, log, lifecycle))
  const database = openPool(url, config, log, createMetrics())
  const prepared = await prepare(config, database, log).finally(() => database.close())

  const environment = { DATABASE_URL: url, ROADSTEAD_PORT: String(prepared.port), ROADSTEAD_WORKERS: String(config.workers) }
  const urls = new Set<string>()
  const jobs = giveJobs()
  const metrics = collectMetrics()
  // The default, said aloud: this process accepts connections and passes them on, so none is lost when a worker goes. With one
  // listening socket in each worker, what waits in the queue of one that ends would be.
  cluster.schedulingPolicy = cluster.SCHED_RR
  const workers = createWorkerProcesses({
    count: config.workers,
    start: () => {
      const worker = forkWorker(environment)
      worker.onMessage((message) => {
        if (message.kind === 'ready') for (const at of message.urls) urls.add(at)
      })
      jobs.watch(worker)
      metrics.watch(worker)
      return worker
    },
    log,
    now: () => performance.now(),
    pause: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }).catch(() => undefined),
  })
  lifecycle.onStop('worker processes', () => workers.stop(stopLimit), stopLimit + 200)
  await workers.start()
  const { nameOf } = createLoginServers(atPort(config, prepared.port).publicAddress)
  await announce(config, prepared, { urls: [...urls], nameOf }, log)
  return workers
}
