import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { blob, image, manifest } from '@roadstead/testing/contents.ts'
import { manifests, uploads } from './hostile/bodies.ts'
import { hosts, paths } from './hostile/hosts-and-paths.ts'
import { knownDigest } from './hostile/hostile-request.ts'
import type { HostileRequest } from './hostile/hostile-request.ts'
import { numbers, ranges, references } from './hostile/references-and-numbers.ts'
import { credentials, smuggling } from './hostile/wire.ts'
import { sendRaw } from './raw-request.ts'
import { clientOf, pushAll, pushManifest } from './registry-client.ts'
import { startRegistry } from './running-registry.ts'
import type { RunningRegistry } from './running-registry.ts'

const groups = { hosts, paths, references, numbers, ranges, manifests, uploads, smuggling, credentials }
const scopes = ['team/app', 'team/absent', 'mine/x'].map((name) => `repository:${name}:pull,push,delete,metadata_read`).join(' ')

let running: RunningRegistry
let token: string
const known = manifest({ config: { ...blob('{}', 'application/vnd.oci.image.config.v1+json') } })

beforeAll(async () => {
  running = await startRegistry()
  token = await running.bearer(`${scopes} registry:catalog:*`)
  expect(known.manifest.config!.digest).toBe(knownDigest)
  await pushAll(clientOf(running, token), 'team/app', 'v1', { manifest: known, blobs: [blob('{}', 'application/octet-stream')] })
  await pushAll(clientOf(running, await running.bearer('repository:secret/app:pull,push')), 'secret/app', 'v1', image('secret'))
})

afterAll(() => running.close())

function bytesOf(hostile: HostileRequest): Buffer {
  const host = running.hostOf(running.registry)
  if (hostile.raw !== undefined) return Buffer.from(hostile.raw(host).replace('<token>', token), 'latin1')
  const body = Buffer.from(hostile.body ?? '')
  const headers = {
    Host: host,
    ...(hostile.credentials !== 'none' && { Authorization: token }),
    ...(hostile.method !== undefined && hostile.method !== 'TRACE' && { 'Content-Length': String(body.length) }),
    ...hostile.headers,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`${hostile.method ?? 'GET'} ${hostile.target} HTTP/1.1\r\n${lines.join('')}\r\n`), body])
}

describe.each(Object.entries(groups))('hostile %s', (_group, requests) => {
  test.each(requests.map((request) => [request.title, request] as const))('%s', async (_title, hostile) => {
    const answer = await sendRaw(running.port, bytesOf(hostile))
    expect([hostile.status].flat()).toContain(answer.status)
    if (hostile.code !== undefined && hostile.method !== 'HEAD')
      expect(JSON.parse(answer.body)).toMatchObject({ errors: [{ code: hostile.code }] })
    // Nothing of ours, and nothing of theirs, in what a browser or a next request would act on.
    expect(answer.body).not.toMatch(/node_modules|\.ts:|\bat .*\(|SELECT|postgres/i)
    for (const name of ['location', 'www-authenticate', 'link'])
      expect(answer.headers.get(name) ?? '').not.toMatch(/evil|javascript|[\r\n]/)
    expect(answer.headers.has('x-injected')).toBe(false)
  })
})

test('there are at least 100 of them', () => {
  expect(Object.values(groups).flat().length).toBeGreaterThanOrEqual(100)
})

test('after all of them, what was there before still pulls, and nothing else came', async () => {
  const send = clientOf(running, token)
  const pulled = await send('GET', '/v2/team/app/manifests/v1')
  expect(pulled.body.equals(known.bytes)).toBe(true)
  expect((await send('GET', `/v2/team/app/blobs/${knownDigest}`)).body.toString()).toBe('{}')
  expect((await send('GET', '/v2/team/app/tags/list')).json()).toEqual({ name: 'team/app', tags: ['v1'] })
  expect((await send('GET', '/v2/_catalog')).json()).toEqual({ repositories: ['secret/app', 'team/app'] })
  expect(running.records.filter(({ status }) => status >= 500)).toEqual([])
})

test('a manifest keeps the media type of its first push', async () => {
  const send = clientOf(running, token)
  const untyped = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [] }))
  const oci = { bytes: untyped, mediaType: 'application/vnd.oci.image.index.v1+json' }
  const docker = { bytes: untyped, mediaType: 'application/vnd.docker.distribution.manifest.list.v2+json' }
  const base = { digest: known.digest, descriptor: known.descriptor, manifest: known.manifest }
  expect((await pushManifest(send, 'mine/x', 'a', { ...base, ...oci })).status).toBe(201)
  const second = await pushManifest(send, 'mine/x', 'b', { ...base, ...docker })
  expect([second.status, second.code]).toEqual([400, 'MANIFEST_INVALID'])
  expect((await send('GET', '/v2/mine/x/tags/list')).json()).toEqual({ name: 'mine/x', tags: ['a'] })
  expect((await send('HEAD', '/v2/mine/x/manifests/a')).headers['content-type']).toBe(oci.mediaType)
})
