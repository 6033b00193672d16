import express from 'express'
import type { Express } from 'express'

/**
 * An express application without what it does unasked: no banner header, no guessed validators, no decoded query. `req.ip` is the other
 * end of the connection, or, where that is one of `trustedProxies` (addresses and subnets), what X-Forwarded-For says that it saw.
 */
export function createApp(trustedProxies: readonly string[] = []): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  if (trustedProxies.length > 0) app.set('trust proxy', trustedProxies)
  app.enable('case sensitive routing')
  app.enable('strict routing')
  return app
}
