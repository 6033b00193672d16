import cluster from 'node:cluster'
import { CannotListen } from '@roadstead/runtime/listen.ts'
import { createLifecycle } from '@roadstead/runtime/lifecycle.ts'
import type { Lifecycle } from '@roadstead/runtime/lifecycle.ts'
import { createLog } from '@roadstead/runtime/log.ts'
import type { FlushableLog, Log } from '@roadstead/runtime/log.ts'
import { createMetrics } from '@roadstead/runtime/metrics.ts'
import type { WorkerProcesses } from '@roadstead/runtime/worker-processes.ts'
import { WrongSettings } from '@roadstead/runtime/settings.ts'
import { announce } from './announce.ts'
import { readArguments, usage, version } from './command-line.ts'
import { readConfig, unknownSettings } from './config.ts'
import type { Config } from './config.ts'
import { DataFolderInUse, openPool, startEmbedded } from './connect-database.ts'
import { atPort, prepare } from './prepare.ts'

/** Milliseconds that active requests get when the process stops; all of it together stays below ten seconds. */
const drainGrace = 8000
/** Milliseconds for all of a worker's end: the process that started it waits a little longer. */
const workerLimit = 8500

/** Runs what the settings ask for, until a signal ends it. */
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
  if (cluster.isWorker) return await beWorker(config, log)
  for (const name of unknownSettings()) log.warn('this variable looks like a setting, but there is none of that name', { name })
  await (config.workers === 1 ? beAlone(config, log) : beFirst(config, log))
}

async function beAlone(config: Config, log: FlushableLog): Promise<void> {
  const lifecycle = createLifecycle({ process, log, now: () => performance.now() })
  await orSay(log, lifecycle, () => runAlone(config, log, lifecycle))
}

/** The process that starts the others. SIGHUP replaces them, except where it says that somebody's terminal was closed. */
async function beFirst(config: Config, log: FlushableLog): Promise<void> {
  let workers: WorkerProcesses | undefined
  const lifecycle = createLifecycle({
    process,
    log,
    now: () => performance.now(),
    ...(!process.stdout.isTTY && { onHangup: () => void workers?.replaceAll() }),
  })
  await orSay(log, lifecycle, async () => {
    const { runTogether } = await import('./together.ts')
    workers = await runTogether(config, log, lifecycle)
  })
}

async function beWorker(config: Config, log: FlushableLog): Promise<void> {
  const own = { ...log, ...log.child({ worker: process.pid }) }
  // A SIGHUP to the whole group is for the process that started this one.
  const lifecycle = createLifecycle({ process, log: own, now: () => performance.now(), limit: workerLimit, onHangup: () => undefined })
  const { runWorker, sayCannotStart } = await import('./worker.ts')
  try {
    await runWorker(config, own, lifecycle)
  } catch (error) {
    await sayCannotStart(reasonsOf(error).join(': '))
    await lifecycle.stop('cannot start', 1)
  }
}

async function runAlone(config: Config, log: Log, lifecycle: Lifecycle): Promise<void> {
  // Loads while the database starts.
  const loaded = import('./serve.ts')
  const metrics = createMetrics()
  const url = config.databaseUrl ?? (await startEmbedded(config, log, lifecycle))
  const database = openPool(url, config, log, metrics)
  lifecycle.onStop('database connections', () => database.close(), 500)
  const prepared = await prepare(config, database, log)
  const { serve } = await loaded
  const options = { database, log, lifecycle, metrics, renderMetrics: metrics.render, drainGrace }
  const serving = await serve(atPort(config, prepared.port), options)
  serving.startJobs()
  await announce(config, prepared, serving, log)
}

async function orSay(log: Log, lifecycle: Lifecycle, start: () => Promise<void>): Promise<void> {
  try {
    await start()
  } catch (error) {
    console.error(`Roadstead cannot start: ${reasonsOf(error).join(': ')}`)
    if (!isPlain(error)) log.error('cannot start', { error })
    await lifecycle.stop('cannot start', 1)
  }
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

/** Errors whose message says all. */
function isPlain(error: unknown): boolean {
  return error instanceof CannotListen || error instanceof DataFolderInUse || (error as Error).name === 'WorkerCannotStart'
}

/** The message and those of its causes, without saying anything twice. */
function reasonsOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [String(error)]
  if (isPlain(error) || error.cause === undefined) return [error.message]
  return [...new Set([error.message, ...reasonsOf(error.cause)])]
}
