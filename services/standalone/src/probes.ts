import type { Health } from '@roadstead/runtime/health.ts'
import type { RenderedMetrics } from '@roadstead/runtime/metrics.ts'
import { contextOf } from '@roadstead/http/request-context.ts'
import type { RequestHandler, Response } from 'express'

/** Answers the probes on any host name: an orchestrator asks by IP address. Passes on everything else. */
export function createProbes(health: Health, renderMetrics: () => Promise<RenderedMetrics>): RequestHandler {
  const answers: Readonly<Record<string, (res: Response) => Promise<void> | void>> = {
    '/healthz': (res) => answer(res, 200, 'alive'),
    '/readyz': async (res) => {
      const readiness = await health.readiness()
      if (readiness.ready) return answer(res, 200, 'ready')
      answer(res, 503, `not ready: ${readiness.reasons.join('; ')}`)
    },
    '/metrics': async (res) => {
      const { contentType, text } = await renderMetrics()
      answer(res, 200, text, contentType)
    },
  }
  return async (req, res, next) => {
    const path = req.url.split('?', 1)[0]!
    const give = Object.hasOwn(answers, path) ? answers[path] : undefined
    if (give === undefined || (req.method !== 'GET' && req.method !== 'HEAD')) return next()
    contextOf(res).route = path
    await give(res)
  }
}

function answer(res: Response, status: number, text: string, contentType = 'text/plain; charset=utf-8'): void {
  const body = Buffer.from(`${text.trimEnd()}\n`)
  res.statusCode = status
  res.setHeader('Content-Type', contentType)
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('Content-Length', body.length)
  res.end(body)
}
