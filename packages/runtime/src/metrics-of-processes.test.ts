import { expect, test } from '@jest/globals'
import { createMetrics } from './metrics.ts'
import type { Metrics, MetricsSnapshot } from './metrics.ts'
import { createMetricsOfProcesses } from './metrics-of-processes.ts'

const request = { route: '/v2/', method: 'GET', status: 200, seconds: 0.02, bytesIn: 0, bytesOut: 10 }

async function sent(metrics: Metrics): Promise<MetricsSnapshot> {
  return JSON.parse(JSON.stringify(await metrics.snapshot())) as MetricsSnapshot
}

function counting(requests: number): Metrics {
  const metrics = createMetrics()
  for (let count = 0; count < requests; count++) {
    metrics.requestStarted()
    metrics.requestEnded(request)
  }
  metrics.gauge('processes', 'Processes', () => 1)
  metrics.gauge('storage_free_bytes', 'Free', () => 700, 'same')
  return metrics
}

test('counts are added up; what all see alike is not', async () => {
  const all = createMetricsOfProcesses()
  all.update(1, await sent(counting(3)))
  all.update(2, await sent(counting(4)))
  const { text, contentType } = await all.render()
  expect(contentType).toMatch(/^text\/plain/)
  expect(text).toContain('roadstead_http_requests_total{route="/v2/",method="GET",status="200"} 7')
  expect(text).toContain('roadstead_http_request_duration_seconds_count{route="/v2/",method="GET"} 7')
  expect(text).toContain('roadstead_http_request_duration_seconds_bucket{le="+Inf",route="/v2/",method="GET"} 7')
  expect(text).toMatch(/^roadstead_processes 2$/m)
  expect(text).toMatch(/^roadstead_storage_free_bytes 700$/m)
})

test('what a process counted stays when it is gone, and what it held goes with it', async () => {
  const all = createMetricsOfProcesses()
  all.update(1, await sent(counting(3)))
  all.update(2, await sent(counting(4)))
  all.gone(1)
  all.gone(2)
  all.gone(3)
  all.update(4, await sent(counting(1)))
  const { text } = await all.render()
  expect(text).toContain('roadstead_http_requests_total{route="/v2/",method="GET",status="200"} 8')
  expect(text).toMatch(/^roadstead_processes 1$/m)
})
