import { setTimeout as sleep } from 'node:timers/promises'
import { createMetricsOfProcesses } from '@roadstead/runtime/metrics-of-processes.ts'
import type { ForkedWorker } from './fork-worker.ts'

/** Milliseconds that a worker gets to say what it counted. One that is busy is counted with what it said before. */
const patience = 1000

/** Whichever worker is asked for the metrics, the answer is the sum over all of them. */
export function collectMetrics(): { readonly watch: (worker: ForkedWorker) => void } {
  const sum = createMetricsOfProcesses()
  const workers = new Set<ForkedWorker>()
  const waiting = new Map<ForkedWorker, () => void>()

  const count = (worker: ForkedWorker): Promise<void> =>
    new Promise((resolve) => {
      waiting.set(worker, resolve)
      worker.send({ kind: 'count' })
    })
  const counted = (worker: ForkedWorker): void => {
    waiting.get(worker)?.()
    waiting.delete(worker)
  }
  let round: Promise<void> | undefined
  const countAll = async (): Promise<void> => {
    await Promise.race([Promise.all([...workers].map(count)), sleep(patience, undefined, { ref: false })])
    round = undefined
  }
  const answer = async (worker: ForkedWorker, question: number): Promise<void> => {
    await (round ??= countAll())
    worker.send({ kind: 'metrics', question, rendered: await sum.render() })
  }
  const hear = (worker: ForkedWorker): void => {
    workers.add(worker)
    worker.onMessage((message) => {
      if (message.kind === 'metrics wanted') void answer(worker, message.question)
      if (message.kind !== 'counted') return
      sum.update(worker.id, message.snapshot)
      counted(worker)
    })
  }
  const follow = async (worker: ForkedWorker): Promise<void> => {
    hear(worker)
    await worker.ended
    workers.delete(worker)
    sum.gone(worker.id)
    counted(worker)
  }
  return { watch: (worker) => void follow(worker) }
}
