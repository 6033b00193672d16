import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sql } from '@roadstead/metadata/sql.ts'
import { artifact, blob, emptyConfig, image } from '@roadstead/testing/contents.ts'
import { clientOf, pushAll, pushBlob, pushManifest } from './registry-client.ts'
import type { Send } from './registry-client.ts'
import { startRegistry } from './running-registry.ts'
import type { RunningRegistry } from './running-registry.ts'

let running: RunningRegistry
let send: Send
const pushed = image('counted')

beforeAll(async () => {
  running = await startRegistry()
  send = clientOf(running, await running.bearer('repository:team/app:pull,push,delete,metadata_read repository:team/b:pull,push'))
  await pushAll(send, 'team/app', 'v1', pushed)
})

afterAll(() => running.close())

/** Statements of `work`, without those that find the registry and the signing keys: they are asked once a second and once a while. */
async function statementsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  running.test.statements()
  await work()
  return running.test.statements().filter((label) => label !== 'registries.find' && !label.startsWith('signingKeys'))
}

test.each([
  ['pull of a manifest by tag', () => send('GET', '/v2/team/app/manifests/v1'), ['manifests.find']],
  ['pull of a manifest by digest', () => send('GET', `/v2/team/app/manifests/${pushed.manifest.digest}`), ['manifests.find']],
  ['HEAD of a manifest', () => send('HEAD', '/v2/team/app/manifests/v1'), ['manifests.stat']],
  ['pull of a blob', () => send('GET', `/v2/team/app/blobs/${pushed.blobs[0]!.digest}`), ['blobs.find']],
  ['HEAD of a blob', () => send('HEAD', `/v2/team/app/blobs/${pushed.blobs[0]!.digest}`), ['blobs.find']],
  ['tag list', () => send('GET', '/v2/team/app/tags/list'), ['tags.list']],
  ['referrers', () => send('GET', `/v2/team/app/referrers/${pushed.manifest.digest}`), ['referrers.list']],
  ['opening an upload', () => send('POST', '/v2/team/app/blobs/uploads/'), []],
  ['push of a blob', () => pushBlob(send, 'team/app', blob('counted push')), ['repositories.ensure', 'blobs.add']],
  [
    'mount of a blob',
    () => send('POST', `/v2/team/b/blobs/uploads/?mount=${pushed.blobs[0]!.digest}&from=team/app`),
    ['blobs.find', 'repositories.ensure', 'blobs.mount'],
  ],
  [
    'push of a manifest',
    () => pushManifest(send, 'team/app', 'v2', pushed.manifest),
    [
      'repositories.ensure',
      'manifests.missing blobs',
      'manifests.insert',
      'manifests.stat',
      'repositories.publish',
      'tags.move',
      'events.record',
    ],
  ],
])('%s', async (_title, work, statements) => {
  expect(await statementsOf(work)).toEqual(statements)
})

test('push of a new artifact by digest', async () => {
  await pushBlob(send, 'team/app', emptyConfig)
  const document = artifact({ artifactType: 'application/vnd.example', subject: pushed.manifest.descriptor })
  expect(await statementsOf(() => pushManifest(send, 'team/app', document.digest, document))).toEqual([
    'repositories.ensure',
    'manifests.missing blobs',
    'manifests.insert',
    'repositories.publish',
    'events.record',
  ])
})

test('pulls that arrive while the database is busy share the next statement', async () => {
  const path = '/v2/team/app/manifests/v1'
  await send('GET', path)
  const statements = await statementsOf(() =>
    running.test.database
      .atomically(async (session) => {
        await session.query(sql`/* hold */ LOCK TABLE manifests IN ACCESS EXCLUSIVE MODE`)
        const pulls = Array.from({ length: 100 }, () => send('GET', path))
        // All of them are in, and all wait, once each has been asked for and none was answered.
        await sleep(500)
        return { pulls }
      })
      .then(({ pulls }) => Promise.all(pulls)),
  )
  expect(statements.filter((label) => label === 'manifests.find').length).toBeLessThanOrEqual(4)
})

test('the bytes of a blob lie in the store once, and go when nothing needs them', async () => {
  const stored = async (): Promise<number> => {
    let count = 0
    for await (const _ of running.store.list(running.registry.id)) count++
    return count
  }
  const before = await stored()
  const content = blob('once only')
  await pushBlob(send, 'team/app', content)
  await pushBlob(send, 'team/b', content)
  await pushBlob(send, 'team/app', content)
  expect(await stored()).toBe(before + 1)
  await send('DELETE', `/v2/team/app/blobs/${content.digest}`)
  expect(await stored()).toBe(before + 1)
})
