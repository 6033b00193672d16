import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createMemoryStore } from '@roadstead/blob-store/memory.ts'
import type { Location } from '@roadstead/distribution/blob-store.ts'
import { linkLifetime } from '@roadstead/distribution/pull.ts'
import { blob } from '@roadstead/testing/contents.ts'
import { clientOf, pushBlob } from './registry-client.ts'
import type { Send } from './registry-client.ts'
import { startRegistry } from './running-registry.ts'
import type { RunningRegistry } from './running-registry.ts'

let running: RunningRegistry
let send: Send
const asked: { at: Location; expires: Date }[] = []
const large = blob('x'.repeat(70_000))
const small = blob('small')

beforeAll(async () => {
  const store = createMemoryStore({ now: () => new Date() })
  const link = async (at: Location, expires: Date): Promise<URL> => {
    asked.push({ at, expires })
    return new URL(`https://storage.example/${at}?signature=1`)
  }
  running = await startRegistry({ store: { ...store, link }, redirects: true })
  send = clientOf(running, await running.bearer('repository:team/app:pull,push'))
  for (const content of [large, small]) await pushBlob(send, 'team/app', content)
})

afterAll(() => running.close())

test('a large blob is fetched from the storage itself, for five minutes at most', async () => {
  const answer = await send('GET', `/v2/team/app/blobs/${large.digest}`, { headers: { Range: 'bytes=0-9' } })
  expect(answer.status).toBe(307)
  expect(answer.headers['location']).toBe(`https://storage.example/${asked[0]!.at}?signature=1`)
  expect(answer.headers['docker-content-digest']).toBe(large.digest)
  expect(answer.headers['cache-control']).toBe('private, no-store')
  expect(answer.headers['referrer-policy']).toBe('no-referrer')
  expect(answer.body).toHaveLength(0)
  const life = asked[0]!.expires.getTime() - Date.now()
  expect(life).toBeLessThanOrEqual(linkLifetime)
  expect(life).toBeGreaterThan(linkLifetime / 2)
})

test('its HEAD and a small blob are answered here', async () => {
  const head = await send('HEAD', `/v2/team/app/blobs/${large.digest}`)
  expect([head.status, head.headers['content-length']]).toEqual([200, '70000'])
  expect((await send('GET', `/v2/team/app/blobs/${small.digest}`)).body.toString()).toBe('small')
})

test('who may not pull gets no address', async () => {
  const other = clientOf(running, await running.bearer('repository:mine/x:pull'))
  asked.length = 0
  expect((await other('GET', `/v2/team/app/blobs/${large.digest}`)).status).toBe(401)
  expect((await other('GET', `/v2/mine/x/blobs/${large.digest}`)).status).toBe(404)
  expect((await send('GET', `/v2/team/app/blobs/${blob('absent').digest}`)).status).toBe(404)
  expect(asked).toEqual([])
})
