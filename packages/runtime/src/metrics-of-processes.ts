import { sumOf } from './metrics.ts'
import type { MetricsSnapshot, RenderedMetrics } from './metrics.ts'

/** The metrics of several processes that share a port, as if they were one. */
export interface MetricsOfProcesses {
  /** What a process counted so far. */
  update(process: number, snapshot: MetricsSnapshot): void
  /** The process is gone. What it had counted stays counted: a sum that falls looks to Prometheus like a restart of everything. */
  gone(process: number): void
  render(): Promise<RenderedMetrics>
}

export function createMetricsOfProcesses(): MetricsOfProcesses {
  const latest = new Map<number, MetricsSnapshot>()
  let ended: Promise<MetricsSnapshot> = Promise.resolve([])
  return {
    update: (process, snapshot) => void latest.set(process, snapshot),
    gone(process) {
      const counts = (latest.get(process) ?? []).filter(isCount)
      latest.delete(process)
      ended = ended.then((before) => sumOf([before, counts]).snapshot())
    },
    render: async () => sumOf([await ended, ...latest.values()]).render(),
  }
}

/** What only grows. In an answer the library names kinds by words, though its types have numbers. */
function isCount({ type }: MetricsSnapshot[number]): boolean {
  return ['counter', 'histogram'].includes(String(type))
}
