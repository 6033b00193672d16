import express from 'express'
import type { Express } from 'express'

/** An express application without what it does unasked: no banner header, no guessed validators, no decoded query. */
export function createApp(): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  app.enable('case sensitive routing')
  app.enable('strict routing')
  return app
}
