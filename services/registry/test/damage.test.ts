import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { blob, image } from '@roadstead/testing/contents.ts'
import type { Content } from '@roadstead/testing/contents.ts'
import { repositoryIn } from '@roadstead/testing/registries.ts'
import { clientOf, pushAll, pushBlob, pushManifest } from './registry-client.ts'
import type { Send } from './registry-client.ts'
import { startRegistry } from './running-registry.ts'
import type { RunningRegistry } from './running-registry.ts'

let running: RunningRegistry
let send: Send
let round = 0
const alarms: unknown[] = []
const repository = 'team/app'

beforeAll(async () => {
  running = await startRegistry({ onBackgroundError: (error) => alarms.push(error) })
  send = clientOf(running, await running.bearer('repository:team/app:pull,push,delete repository:team/b:pull,push'))
})
afterAll(() => running.close())
beforeEach(() => void round++)

const pathOf = ({ digest }: Content): string => `/v2/${repository}/blobs/${digest}`

/** Takes the bytes of a pushed blob away, behind the registry's back. */
async function lose({ digest }: Content): Promise<void> {
  const stored = await running.ports.metadata.blobs.find(repositoryIn(running.registry, repository), digest)
  await running.store.delete([stored!.location])
}

describe.each([
  ['small', 100],
  ['large', 300_000],
])('a %s blob whose bytes are lost', (_, size) => {
  const content = (): Content => blob(Buffer.alloc(size, `lost ${round} `))

  test('is 503 to read, 404 to HEAD once that is known, and whole again after a push', async () => {
    const lost = content()
    await pushBlob(send, repository, lost)
    await lose(lost)
    expect((await send('HEAD', pathOf(lost))).status).toBe(200)
    for (let count = 0; count < 2; count++) {
      const answer = await send('GET', pathOf(lost))
      expect(answer.status).toBe(503)
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    }
    expect(alarms.filter((alarm) => String(alarm).includes(lost.digest))).toHaveLength(1)
    expect((await send('HEAD', pathOf(lost))).status).toBe(404)
    expect((await send('GET', pathOf(lost), { headers: { Range: 'bytes=0-9' } })).status).toBe(503)
    await pushBlob(send, repository, lost)
    expect((await send('HEAD', pathOf(lost))).status).toBe(200)
    expect((await send('GET', pathOf(lost))).body.equals(lost.bytes)).toBe(true)
  })

  test('is uploaded where a client wanted to mount it', async () => {
    const lost = content()
    await pushBlob(send, repository, lost)
    await lose(lost)
    await send('GET', pathOf(lost))
    const answer = await send('POST', `/v2/team/b/blobs/uploads/?mount=${lost.digest}&from=${repository}`)
    expect(answer.status).toBe(202)
    const closed = await send('PUT', `${answer.headers['location']}?digest=${lost.digest}`, { body: lost.bytes })
    expect(closed.status).toBe(201)
    expect((await send('GET', pathOf(lost))).body.equals(lost.bytes)).toBe(true)
  })
})

test('a manifest that names it is refused until it is there again; manifests and tags stay readable', async () => {
  const pushed = image(`refused ${round}`)
  await pushAll(send, repository, 'v1', pushed)
  await lose(pushed.blobs[1]!)
  await send('GET', pathOf(pushed.blobs[1]!))
  expect((await send('GET', `/v2/${repository}/manifests/v1`)).status).toBe(200)
  expect(await pushManifest(send, repository, 'v2', pushed.manifest)).toMatchObject({ status: 400, code: 'MANIFEST_BLOB_UNKNOWN' })
  await pushAll(send, repository, 'v2', pushed)
})
