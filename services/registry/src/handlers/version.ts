import type { Handler } from '../registry-service.ts'

/** end-1: tells that this is a registry, and whether the credentials are good. */
export const answerVersion: Handler = (_service, _request, res) => {
  const body = '{}'
  res.setHeader('Content-Type', 'application/json; charset=utf-8')
  res.setHeader('Content-Length', body.length)
  res.end(body)
}
