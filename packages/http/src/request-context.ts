import type { Registry } from '@roadstead/oci/registry.ts'
import type { Response } from 'express'

/** What the layers of one request tell each other and the log. Lives in `res.locals`. */
export interface RequestContext {
  /** A UUID; told to the client as x-ms-correlation-request-id, so that a complaint finds its log line. */
  readonly id: string
  /** `performance.now()` at arrival, milliseconds. */
  readonly startedAt: number
  registry?: Registry
  /** The path template, never the path: fit to be a metric's label. */
  route?: string
  /** Who asks, once that is known. */
  principal?: string
  repository?: string
  /** What went wrong, for the log. */
  error?: unknown
}

export function contextOf(res: Response): RequestContext {
  return res.locals['context'] as RequestContext
}

export function setContext(res: Response, context: RequestContext): void {
  res.locals['context'] = context
}

/** The registry that the host name names. Only for routes behind `withRegistry`. */
export function registryOf(res: Response): Registry {
  return contextOf(res).registry!
}
