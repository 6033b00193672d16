import { expect, test } from '@jest/globals'
import { createMetrics } from './metrics.ts'

const request = { route: '/v2/:name/blobs/:digest', method: 'GET', status: 200, seconds: 0.02, bytesIn: 3, bytesOut: 1000 }

test('counts requests by route, method and status', async () => {
  const metrics = createMetrics()
  metrics.requestStarted()
  metrics.requestStarted()
  metrics.requestEnded(request)
  const { text, contentType } = await metrics.render()
  expect(contentType).toMatch(/^text\/plain/)
  expect(text).toContain('roadstead_http_requests_total{route="/v2/:name/blobs/:digest",method="GET",status="200"} 1')
  expect(text).toContain('roadstead_http_requests_active 1')
  expect(text).toContain('roadstead_http_sent_bytes_total{route="/v2/:name/blobs/:digest"} 1000')
  expect(text).toContain('process_cpu_seconds_total')
  expect(text).toContain('nodejs_eventloop_lag_seconds')
})

test('a method that a client made up becomes no label', async () => {
  const metrics = createMetrics()
  metrics.requestStarted()
  metrics.requestEnded({ ...request, method: 'MKCOL' })
  expect((await metrics.render()).text).not.toContain('MKCOL')
})

test('a number that cannot be had at the moment is left out and takes no other with it', async () => {
  const metrics = createMetrics()
  metrics.gauge('upload_sessions_open', 'Uploads in progress', () => 7)
  metrics.gauge('other', 'Not to be had', () => Promise.reject(new Error('down')))
  const { text } = await metrics.render()
  expect(text).toContain('roadstead_upload_sessions_open 7')
  expect(text).not.toMatch(/^roadstead_other /m)
})
