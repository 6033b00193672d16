import type { ServerOptions } from 'node:http'

/** Limits on connections, times in milliseconds. They hold against a client that is slow or hostile, not against one that is busy. */
export interface ServerLimits {
  /** From the first byte (or the connection) to the end of the head. */
  readonly headersTimeout: number
  /** How often the above is looked at. */
  readonly checkingInterval: number
  /** How long an unused connection stays open: longer than balancers keep theirs, or they send into a closing one (502). */
  readonly keepAliveTimeout: number
  /** Without a byte in either direction while a request is open. */
  readonly progressTimeout: number
  readonly handshakeTimeout: number
  /** Bytes of request line and headers. A token for many repositories is long. */
  readonly headerSize: number
  /** Connections from one address; infinite by default, since behind a balancer all come from one. */
  readonly connectionsPerAddress: number
}

export const defaultLimits: ServerLimits = {
  headersTimeout: 20_000,
  checkingInterval: 5_000,
  keepAliveTimeout: 75_000,
  progressTimeout: 60_000,
  handshakeTimeout: 20_000,
  headerSize: 32 * 1024,
  connectionsPerAddress: Number.POSITIVE_INFINITY,
}

/** The limits as Node's servers take them. */
export function serverOptions(limits: ServerLimits): ServerOptions {
  return {
    headersTimeout: limits.headersTimeout,
    // Node's own would end every upload that takes longer than it allows. `progressTimeout` takes its place.
    requestTimeout: 0,
    connectionsCheckingInterval: limits.checkingInterval,
    keepAliveTimeout: limits.keepAliveTimeout,
    maxHeaderSize: limits.headerSize,
    insecureHTTPParser: false,
    requireHostHeader: true,
    noDelay: true,
    // Finds peers that vanished without a word, which an idle connection would otherwise never notice.
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  }
}
