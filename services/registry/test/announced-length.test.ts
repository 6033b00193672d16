import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { digestOf } from '@roadstead/testing/contents.ts'
import { repositoryIn } from '@roadstead/testing/registries.ts'
import { loadPortableHashes } from '@roadstead/upload-sessions/portable-hash.ts'
import { clientOf } from './registry-client.ts'
import type { Send } from './registry-client.ts'
import { startRegistry } from './running-registry.ts'
import type { RunningRegistry } from './running-registry.ts'

let running: RunningRegistry
let send: Send

beforeAll(async () => {
  running = await startRegistry()
  Object.assign(running.ports, { portableHashes: await loadPortableHashes() })
  send = clientOf(running, await running.bearer('repository:team/app:pull,push'))
})

afterAll(() => running.close())

const bytes = Buffer.from('first and last')

/** Sends a PATCH, and answers whether the session keeps a hash that another replica can go on with. */
async function travels(headers: Readonly<Record<string, string>>): Promise<boolean> {
  const location = (await send('POST', '/v2/team/app/blobs/uploads/')).headers['location']!
  expect((await send('PATCH', location, { body: bytes, headers })).status).toBe(202)
  const session = await running.ports.sessions.find(repositoryIn(running.registry, 'team/app'), location.split('/').at(-1)!)
  expect(session?.hashed).toBe(digestOf(bytes))
  return session?.hashState !== undefined
}

test('a small chunk of announced length leaves a hash that travels, a stream of unknown length does not', async () => {
  expect(await travels({ 'Content-Length': String(bytes.length) })).toBe(true)
  expect(await travels({ 'Transfer-Encoding': 'chunked' })).toBe(false)
})
