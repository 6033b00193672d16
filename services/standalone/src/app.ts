import { answerError } from '@roadstead/http/answer-error.ts'
import { createApp } from '@roadstead/http/create-app.ts'
import type { LoginServers } from '@roadstead/http/login-servers.ts'
import { noSuchPath } from '@roadstead/http/no-such-path.ts'
import { withRegistry } from '@roadstead/http/with-registry.ts'
import { withRequestContext } from '@roadstead/http/with-request-context.ts'
import type { RegistryLabel } from '@roadstead/oci/login-server.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { Log } from '@roadstead/runtime/log.ts'
import type { Metrics } from '@roadstead/runtime/metrics.ts'
import type { Express, RequestHandler } from 'express'
import { countRequests, logRequests } from './observe.ts'

export interface StandaloneParts {
  /** Addresses and subnets that may say, by X-Forwarded-For, where a request came from. */
  readonly trustedProxies: readonly string[]
  readonly log: Log
  readonly metrics: Metrics
  readonly probes: RequestHandler
  readonly loginServers: LoginServers
  readonly findRegistry: (label: RegistryLabel) => Promise<Registry | undefined>
  /** The services, each for its own paths of a login server. */
  readonly services: readonly RequestHandler[]
}

/** All that answers on the port, in order. */
export function createStandaloneApp(parts: StandaloneParts): Express {
  const app = createApp(parts.trustedProxies)
  app.use(withRequestContext(logRequests(parts.log)))
  app.use(countRequests(parts.metrics))
  app.use(parts.probes)
  app.use(withRegistry(parts.loginServers, parts.findRegistry))
  for (const service of parts.services) app.use(service)
  app.use(noSuchPath)
  app.use(answerError)
  return app
}
