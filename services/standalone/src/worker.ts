import { setTimeout as sleep } from 'node:timers/promises'
import type { Lifecycle } from '@roadstead/runtime/lifecycle.ts'
import type { Log } from '@roadstead/runtime/log.ts'
import { createMetrics } from '@roadstead/runtime/metrics.ts'
import type { Metrics, RenderedMetrics } from '@roadstead/runtime/metrics.ts'
import type { Config } from './config.ts'
import { openPool } from './connect-database.ts'
import { serve } from './serve.ts'
import type { FromWorker, ToWorker } from './worker-messages.ts'

/** Milliseconds that active requests get: less than the process that started this one waits for its end. */
const drainGrace = 7000
/** The same where others have taken over already: nobody waits, and a large upload may take its time. */
const retireGrace = 15 * 60_000
/** Milliseconds that the sum over all processes may take. */
const sumLimit = 2500

/** Runs one of several processes that share the port. */
export async function runWorker(config: Config, log: Log, lifecycle: Lifecycle): Promise<void> {
  const metrics = createMetrics()
  // The last word: what this process counted stays in the sum.
  lifecycle.onStop('metrics', async () => say({ kind: 'counted', snapshot: await metrics.snapshot() }), 200)
  const database = openPool(config.databaseUrl!, config, log, metrics)
  lifecycle.onStop('database connections', () => database.close(), 500)
  const sum = sumOverAll(metrics)
  const serving = await serve(config, { database, log, lifecycle, metrics, renderMetrics: sum.render, drainGrace })
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'metrics') sum.answered(message.question, message.rendered)
    if (message.kind === 'count') void metrics.snapshot().then((snapshot) => say({ kind: 'counted', snapshot }))
    if (message.kind === 'do the jobs') serving.startJobs()
    if (message.kind === 'retire') void serving.retire(retireGrace).then(() => lifecycle.stop('replaced', 0))
  })
  await say({ kind: 'ready', urls: serving.urls })
}

/** Tells the process that started this one why it cannot start. */
export async function sayCannotStart(reason: string): Promise<void> {
  await say({ kind: 'cannot start', reason })
}

/** Resolves when it was sent, or cannot be. */
function say(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send!(message, undefined, {}, () => resolve())
    else resolve()
  })
}

interface SumOverAll {
  readonly render: () => Promise<RenderedMetrics>
  readonly answered: (question: number, rendered: RenderedMetrics) => void
}

/** Asks for the metrics of all processes. Where no answer comes, those of this one are better than none. */
function sumOverAll(own: Metrics): SumOverAll {
  const waiting = new Map<number, (rendered: RenderedMetrics) => void>()
  let questions = 0
  return {
    async render() {
      const question = (questions += 1)
      const answer = new Promise<RenderedMetrics>((resolve) => waiting.set(question, resolve))
      await say({ kind: 'metrics wanted', question })
      const rendered = await Promise.race([answer, sleep(sumLimit, undefined, { ref: false })])
      waiting.delete(question)
      return rendered ?? own.render()
    },
    answered: (question, rendered) => waiting.get(question)?.(rendered),
  }
}
