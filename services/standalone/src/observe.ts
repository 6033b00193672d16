import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestRecord } from '@roadstead/http/with-request-context.ts'
import type { Log } from '@roadstead/runtime/log.ts'
import type { Metrics } from '@roadstead/runtime/metrics.ts'
import type { RequestHandler } from 'express'
import { contextOf } from '@roadstead/http/request-context.ts'

const probes: ReadonlySet<string | undefined> = new Set(['/healthz', '/readyz', '/metrics'])

/** Writes one line for each request that is over. */
export function logRequests(log: Log): (record: RequestRecord) => void {
  return ({ context, milliseconds, ...record }) => {
    const fields = {
      requestId: context.id,
      ...record,
      route: context.route,
      registry: context.registry?.label,
      repository: context.repository,
      principal: context.principal,
      milliseconds: Math.round(milliseconds * 10) / 10,
    }
    // Refusals are the caller's business; what broke here is ours, and only then the reason is worth a stack.
    if (record.status >= 500) log.error('request failed', { ...fields, error: context.error })
    else if (probes.has(context.route)) log.debug('request', fields)
    else log.info('request', fields)
  }
}

/** Counts requests and their bytes. Comes before everything else that may answer. */
export function countRequests(metrics: Metrics): RequestHandler {
  return (req, res, next) => {
    const { bytesRead, bytesWritten } = req.socket
    const started = performance.now()
    metrics.requestStarted()
    res.once('close', () => {
      metrics.requestEnded({
        route: contextOf(res).route ?? 'none',
        method: req.method,
        status: res.statusCode,
        seconds: (performance.now() - started) / 1000,
        bytesIn: received(req, req.socket.bytesRead - bytesRead),
        bytesOut: sent(req, res, req.socket.bytesWritten - bytesWritten),
      })
    })
    next()
  }
}

/** A body that came whole has the length it announced; of others, what passed over the connection meanwhile is close enough. */
function received(req: IncomingMessage, passed: number): number {
  const announced = Number(req.headers['content-length'] ?? Number.NaN)
  return req.complete && Number.isSafeInteger(announced) ? announced : passed
}

function sent(req: IncomingMessage, res: ServerResponse, passed: number): number {
  if (req.method === 'HEAD') return 0
  const announced = Number(res.getHeader('content-length') ?? Number.NaN)
  return res.writableFinished && Number.isSafeInteger(announced) ? announced : passed
}
