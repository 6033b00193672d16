import type { MetricsSnapshot, RenderedMetrics } from '@roadstead/runtime/metrics.ts'

// What the process that was started and the worker processes that it started tell each other. Messages are data that survives JSON.

/** From a worker. */
export type FromWorker =
  /** It listens. */
  | { readonly kind: 'ready'; readonly urls: readonly string[] }
  /** A sentence for whoever started the program. */
  | { readonly kind: 'cannot start'; readonly reason: string }
  /** What it counted so far: because it was asked, or because it ends. */
  | { readonly kind: 'counted'; readonly snapshot: MetricsSnapshot }
  /** Somebody reads the metrics. */
  | { readonly kind: 'metrics wanted'; readonly question: number }

/** To a worker. */
export type ToWorker =
  /** Take no more requests, finish those that run, then end. */
  | { readonly kind: 'retire' }
  /** Do the work in the background from now on. */
  | { readonly kind: 'do the jobs' }
  | { readonly kind: 'count' }
  /** The answer to a question. */
  | { readonly kind: 'metrics'; readonly question: number; readonly rendered: RenderedMetrics }
