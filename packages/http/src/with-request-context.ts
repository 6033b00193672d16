import { randomUUID } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import { contextOf, setContext } from './request-context.ts'
import type { RequestContext } from './request-context.ts'

/** One finished request, for the log line and the metrics. Holds no credential and no query string. */
export interface RequestRecord {
  readonly context: RequestContext
  readonly method: string
  readonly host: string
  readonly path: string
  readonly status: number
  /** The client went away before the answer was complete. */
  readonly aborted: boolean
  readonly milliseconds: number
  readonly userAgent: string
  /** Of the client, see `createApp`. */
  readonly address: string
}

/** Gives the request its id and the headers that every answer carries, and tells `onFinished` once when it is over. */
export function withRequestContext(onFinished: (record: RequestRecord) => void): RequestHandler {
  return (req, res, next) => {
    const context: RequestContext = { id: randomUUID(), startedAt: performance.now() }
    setContext(res, context)
    res.setHeader('X-Content-Type-Options', 'nosniff')
    res.setHeader('x-ms-correlation-request-id', context.id)
    const clientId = req.headers['x-ms-client-request-id']
    if (typeof clientId === 'string' && /^[\x21-\x7e]{1,128}$/.test(clientId)) res.setHeader('x-ms-client-request-id', clientId)
    res.once('close', () => onFinished(recordOf(req, res)))
    next()
  }
}

function recordOf(req: Request, res: Response): RequestRecord {
  const context = contextOf(res)
  const { url } = req
  const query = url.indexOf('?')
  return {
    context,
    method: req.method,
    host: req.headers.host ?? '',
    path: query < 0 ? url : url.slice(0, query),
    status: res.statusCode,
    aborted: !res.writableFinished,
    milliseconds: performance.now() - context.startedAt,
    userAgent: req.headers['user-agent'] ?? '',
    address: req.ip ?? '',
  }
}
