import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { MetricObjectWithValues, MetricValue } from 'prom-client'

/** One answered request. `route` is the template from the route table, never the path: no text of a client becomes a label. */
export interface ObservedRequest {
  readonly route: string
  readonly method: string
  readonly status: number
  readonly seconds: number
  /** Bytes of the bodies. */
  readonly bytesIn: number
  readonly bytesOut: number
}

/** All numbers of one process at one moment, as data that survives JSON. */
export type MetricsSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[]

/** What Prometheus reads, and its media type. */
export interface RenderedMetrics {
  readonly contentType: string
  readonly text: string
}

export interface Metrics {
  requestStarted(): void
  /** Exactly once for each `requestStarted`, also where the client went away. */
  requestEnded(request: ObservedRequest): void
  statement(seconds: number, outcome: 'done' | 'failed'): void
  /**
   * Tells how to count what changes by itself, when somebody reads the metrics. Undefined: not known at the moment. Of several processes
   * the numbers are added up, unless all of them see the `same` thing.
   */
  gauge(name: string, help: string, read: () => number | undefined | Promise<number | undefined>, across?: 'sum' | 'same'): void
  snapshot(): Promise<MetricsSnapshot>
  render(): Promise<RenderedMetrics>
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** From a HEAD that takes a millisecond to a layer that takes an hour. */
const requestSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600]
const statementSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15]

export function createMetrics(): Metrics {
  const registers = [new Registry()]
  const register = registers[0]!
  collectDefaultMetrics({ register })
  const labelNames = ['route', 'method', 'status'] as const
  const requests = new Counter({ name: 'roadstead_http_requests_total', help: 'Answered requests', labelNames, registers })
  const durations = new Histogram({
    name: 'roadstead_http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer',
    labelNames: ['route', 'method'] as const,
    buckets: requestSeconds,
    registers,
  })
  const active = new Gauge({ name: 'roadstead_http_requests_active', help: 'Requests that are being answered', registers })
  const bytesIn = new Counter({
    name: 'roadstead_http_received_bytes_total',
    help: 'Bytes of request bodies',
    labelNames: ['route'],
    registers,
  })
  const bytesOut = new Counter({
    name: 'roadstead_http_sent_bytes_total',
    help: 'Bytes of answer bodies',
    labelNames: ['route'],
    registers,
  })
  const statements = new Histogram({
    name: 'roadstead_sql_statement_duration_seconds',
    help: 'Time that SQL statements took',
    labelNames: ['outcome'] as const,
    buckets: statementSeconds,
    registers,
  })
  return {
    requestStarted: () => active.inc(),
    requestEnded(request) {
      const { route } = request
      const method = methods.has(request.method) ? request.method : 'other'
      active.dec()
      requests.inc({ route, method, status: String(request.status) })
      durations.observe({ route, method }, request.seconds)
      bytesIn.inc({ route }, request.bytesIn)
      bytesOut.inc({ route }, request.bytesOut)
    },
    statement: (seconds, outcome) => statements.observe({ outcome }, seconds),
    gauge(name, help, read, across = 'sum') {
      const gauge: Gauge = new Gauge({
        name: `roadstead_${name}`,
        help,
        registers,
        aggregator: across === 'same' ? 'first' : 'sum',
        // A dependency that is down must not take the other numbers with it.
        collect: async () => {
          const value = await Promise.resolve()
            .then(read)
            .catch(() => undefined)
          if (value === undefined) gauge.remove()
          else gauge.set(value)
        },
      })
    },
    // The library's type has one fixed form of values; this is the one that it really answers.
    snapshot: async () => await register.getMetricsAsJSON(),
    render: () => render(register),
  }
}

/** The numbers of several processes as one. */
export function sumOf(snapshots: readonly MetricsSnapshot[]): Pick<Metrics, 'snapshot' | 'render'> {
  const register = AggregatorRegistry.aggregate(snapshots as unknown as object[]) as Registry
  return {
    snapshot: async () => await register.getMetricsAsJSON(),
    render: () => render(register),
  }
}

async function render(register: Registry): Promise<RenderedMetrics> {
  return { contentType: register.contentType, text: await register.metrics() }
}
