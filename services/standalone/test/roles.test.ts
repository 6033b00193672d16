import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { freePort } from '@roadstead/runtime/listen.ts'
import { config } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { run, says } from './program.ts'
import type { Started } from './program.ts'
import { ask, loginServer, password } from './replica-client.ts'

type Role = 'registry' | 'auth' | 'worker'

let folder: string
let database: TestDatabase
const started: Started[] = []
const ports = new Map<Role, number>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roadstead-roles-'))
  database = await testDatabase()
  const start = async (role: Role): Promise<void> => {
    const port = await freePort('127.0.0.1')
    ports.set(role, port)
    const program = run({
      ROADSTEAD_SERVICES: role,
      ROADSTEAD_PORT: String(port),
      ROADSTEAD_HOST: '127.0.0.1',
      ROADSTEAD_PUBLIC_URL: `http://*.${loginServer.slice(loginServer.indexOf('.') + 1)}`,
      ROADSTEAD_ADMIN_PASSWORD: password,
      ROADSTEAD_BOOTSTRAP: role === 'worker' ? 'contoso/myregistry' : '',
      ROADSTEAD_DATA_DIR: join(folder, role),
      ROADSTEAD_STORAGE: `file://${join(folder, 'blobs')}`,
      DATABASE_URL: database.url,
    })
    started.push(program)
    await says(program, /is ready in/)
  }
  await Promise.all((['registry', 'auth', 'worker'] as const).map(start))
}, 60_000)

afterAll(async () => {
  for (const { child } of started) child.kill('SIGTERM')
  await Promise.all(started.map(({ ended }) => ended))
  await database?.close()
  await rm(folder, { recursive: true, force: true })
}, 30_000)

test.each<readonly [Role, string, number]>([
  ['registry', '/v2/', 200],
  ['registry', '/oauth2/keys', 404],
  ['auth', '/v2/', 404],
  ['auth', '/oauth2/token?service=x', 400],
  ['worker', '/v2/', 404],
  ['worker', '/oauth2/token', 404],
])('%s answers %s with %d', async (role, path, status) => {
  expect((await ask(ports.get(role)!, 'GET', path)).status).toBe(status)
})

test.each<Role>(['registry', 'auth', 'worker'])('%s answers the probes', async (role) => {
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    expect((await ask(ports.get(role)!, 'GET', path, { headers: { Host: '10.0.0.1' } })).status).toBe(200)
  }
})

test('a token that one service gave opens the other', async () => {
  const settings = config('roles')
  const scope = 'repository:some/app:pull,push'
  const given = await ask(ports.get('auth')!, 'GET', `/oauth2/token?service=${loginServer}&scope=${scope}`)
  const { access_token: token } = JSON.parse(given.body.toString()) as { access_token: string }
  const headers = { authorization: `Bearer ${token}` }
  const path = `/v2/some/app/blobs/uploads/?digest=${settings.digest}`
  expect((await ask(ports.get('registry')!, 'POST', path, { body: settings.bytes, headers })).status).toBe(201)
  expect((await ask(ports.get('registry')!, 'GET', '/v2/other/app/tags/list', { headers })).status).toBe(401)
})
