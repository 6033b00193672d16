import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { basic, form, makeRegistries, startAuthServer } from './auth-server.ts'
import type { AuthServer, Registries } from './auth-server.ts'

let db: TestDatabase
let registries: Registries
let auth: AuthServer

beforeAll(async () => {
  db = await testDatabase()
  registries = await makeRegistries(db)
})
afterAll(() => db.close())
beforeEach(async () => {
  auth = await startAuthServer(db.metadata, registries.closed)
})
afterEach(() => auth.close())

describe('the rest of /oauth2', () => {
  test.each([
    '/oauth2',
    '/oauth2/',
    '/oauth2/exchange',
    '/oauth2/token/',
    '/oauth2//token',
    '/OAuth2/token',
    '/oauth2/tokens',
    '/oauth2/%74oken',
  ])('%s is 404 in the form of the specification', async (path) => {
    for (const method of ['GET', 'POST']) {
      const { status, body } = await auth.ask(path, { method, headers: form })
      expect(status).toBe(404)
      expect(body.errors).toEqual([{ code: 'UNSUPPORTED', message: expect.any(String) }])
    }
  })

  test.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s /oauth2/token is 405', async (method) => {
    const answer = await auth.ask('/oauth2/token', { method })
    expect(answer.status).toBe(405)
    expect(answer.headers.allow).toBe('GET, HEAD, POST')
  })

  test('the keys are public, and their halves that sign are not among them', async () => {
    const { body } = await auth.get('', { headers: basic('closed:one') })
    const answer = await auth.ask('/oauth2/keys')
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^application\/jwk-set\+json/)
    const keys = answer.body['keys'] as readonly Record<string, string>[]
    const { kid } = JSON.parse(Buffer.from(String(body['token']).split('.')[0]!, 'base64url').toString()) as { kid: string }
    expect(keys.map((key) => key['kid'])).toContain(kid)
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  })

  test('a host that is no registry has no tokens', async () => {
    const answer = await auth.ask('/oauth2/token', { headers: { host: 'evil.example', ...basic('closed:one') } })
    expect(answer.status).toBe(404)
    expect(JSON.stringify([answer.headers, answer.body])).not.toContain('evil')
  })
})
