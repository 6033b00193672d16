import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { adminAccount } from '@roadstead/identity/authenticator.ts'
import { hashPassword } from '@roadstead/identity/password.ts'
import { openDatabase } from '@roadstead/metadata/database.ts'
import { createMetadata } from '@roadstead/metadata/metadata.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { admin, basic, nobody, refusal, makeRegistries, startAuthServer } from './auth-server.ts'
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

const distinctScopes = (count: number): string =>
  `?${Array.from({ length: count }, (_, index) => `scope=repository:r${index}:pull`).join('&')}`

describe('GET /oauth2/token', () => {
  test('docker login: a token without scopes, in both spellings, not to be stored', async () => {
    const before = Date.now()
    const query = '?account=closed&client_id=docker&offline_token=true&service=closed-contoso.localhost%3A5000'
    const answer = await auth.get(query, { headers: basic('closed:one') })
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' })
    expect(answer.headers['x-ms-correlation-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    const { access_token: accessToken, token, expires_in: expiresIn, issued_at: issuedAt, ...others } = answer.body
    expect(others).toEqual({})
    expect(token).toBe(accessToken)
    expect(expiresIn).toBe(4500)
    expect(Math.abs(Date.parse(String(issuedAt)) - before)).toBeLessThan(60_000)
    expect(await auth.granted(answer)).toEqual(admin(registries.closed))
    expect(auth.records[0]?.context).toMatchObject({ principal: `admin:${registries.closed.id}`, route: '/oauth2/token' })
  })

  test.each([
    ['scope=repository:a/b:pull,push', ['repository:a/b:pull,push']],
    ['scope=repository:a:pull&scope=repository:b:push', ['repository:a:pull', 'repository:b:push']],
    ['scope=repository:a:pull%20repository:b:push', ['repository:a:pull', 'repository:b:push']],
    ['scope=repository:a:pull+repository:a:push', ['repository:a:pull,push']],
    ['scope=repository:x:pull&scope=repository:x:pull,push', ['repository:x:pull,push']],
    ['scope=registry:catalog:*+repository:*:*', ['registry:catalog:*']],
    ['scope=registry:None:*', []],
    ['scope=repository:a:*', []],
    ['scope=repository:A:pull', []],
    ['scope=repository(plugin):a:pull&scope=&scope=:::', []],
    ['scope=repository:a%00:pull', []],
    ['scope=repository:a:fly,pull&unknown=1&unknown=2&service=closed-contoso.localhost', ['repository:a:pull']],
  ])('%s gives the admin %j', async (query, scopes) => {
    expect(await auth.granted(await auth.get(`?${query}`, { headers: basic('closed:one') }))).toEqual(admin(registries.closed, ...scopes))
  })

  test('the second password works as well, with colon, space and letters beyond ASCII', async () => {
    expect(await auth.granted(await auth.get('', { headers: basic('closed:zwei:é +&%') }))).toEqual(admin(registries.closed))
  })

  test('without credentials: what anybody may do, and 401 where that is nothing', async () => {
    expect(await auth.granted(await auth.get('?scope=repository:a:pull,push', { at: registries.open }), registries.open)).toEqual(
      nobody('repository:a:pull'),
    )
    expect(await auth.granted(await auth.get('?scope=repository:a:push', { at: registries.open }))).toEqual(refusal(401, 'UNAUTHORIZED'))
    expect(await auth.granted(await auth.get('?scope=registry:catalog:*', { at: registries.open }))).toEqual(refusal(401, 'UNAUTHORIZED'))
    expect(await auth.granted(await auth.get('?scope=repository:a:pull', { at: registries.closed }))).toEqual(refusal(401, 'UNAUTHORIZED'))
    // A login has not succeeded where nobody logged in.
    expect(await auth.granted(await auth.get('?account=me&offline_token=true', { at: registries.open }))).toEqual(
      refusal(401, 'UNAUTHORIZED'),
    )
    expect(await auth.granted(await auth.get('', { at: registries.closed }))).toEqual(refusal(401, 'UNAUTHORIZED'))
  })

  test.each([
    ['a wrong password', basic('open:wrong')],
    ['an unknown account', basic('nobody:one')],
    ['nothing in it', basic(':')],
    ['no user name', basic(':one')],
    ['no colon', basic('open')],
    ['a NUL', basic('open:one\0')],
    ['invalid base64', { authorization: 'Basic b3Blb!pvbmU=' }],
    ['no base64', { authorization: 'Basic' }],
    ['another scheme', { authorization: 'Digest username="open"' }],
    ['a token', { authorization: 'Bearer abc' }],
    ['an empty header', { authorization: '' }],
  ])('credentials with %s are 401 and never anonymous', async (_, headers) => {
    const answer = await auth.get('?scope=repository:a:pull', { at: registries.open, headers })
    expect(await auth.granted(answer)).toEqual(refusal(401, 'UNAUTHORIZED'))
    expect(answer.headers['www-authenticate']).toBe('Basic realm="open-contoso.localhost:5000",charset="UTF-8"')
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test('an unknown account, a disabled one and a wrong password get the same answer, but for the names in it', async () => {
    const answers = [
      await auth.get('', { headers: basic('closed:wrong') }),
      await auth.get('', { headers: basic('nobody:one') }),
      await auth.get('', { at: registries.disabled, headers: basic('disabled:one') }),
    ]
    const texts = answers.map(({ status, body }) => `${status} ${JSON.stringify(body).replaceAll('disabled-', 'closed-')}`)
    expect(new Set(texts).size).toBe(1)
    expect(answers[0]!.body.errors?.[0]?.message).toContain('closed-contoso.localhost:5000')
  })

  test('two Authorization headers, or Basic and Bearer in one, are refused', async () => {
    const one = basic('closed:one').authorization
    expect(await auth.granted(await auth.get('', { headers: { Authorization: [one, one] } }))).toEqual(refusal(400, 'UNSUPPORTED'))
    expect(await auth.granted(await auth.get('', { headers: { authorization: `${one}, Bearer abc` } }))).toEqual(
      refusal(401, 'UNAUTHORIZED'),
    )
  })

  test('service has to be the host that was asked; its port does not matter', async () => {
    for (const service of ['closed-contoso.localhost', 'closed-contoso.localhost:443', 'CLOSED-contoso.localhost:5000']) {
      expect(await auth.granted(await auth.get(`?service=${service}`, { headers: basic('closed:one') }))).toEqual(admin(registries.closed))
    }
    for (const service of [
      'open-contoso.localhost:5000',
      '',
      'https://closed-contoso.localhost',
      'closed-contoso.localhost.evil.example',
      'x%0d%0aSet-Cookie:y',
    ]) {
      const answer = await auth.get(`?service=${service}`, { headers: basic('closed:one') })
      expect(await auth.granted(answer)).toEqual(refusal(400, 'UNSUPPORTED'))
      expect(answer.body.errors?.[0]?.message).toContain('closed-contoso.localhost:5000')
    }
    const both = '?service=closed-contoso.localhost&service=open-contoso.localhost'
    expect(await auth.granted(await auth.get(both, { headers: basic('closed:one') }))).toEqual(refusal(400, 'UNSUPPORTED'))
  })

  test('64 scopes are the most', async () => {
    const most = await auth.granted(await auth.get(distinctScopes(64), { headers: basic('closed:one') }))
    expect(most).toEqual(admin(registries.closed, ...Array.from({ length: 64 }, (_, index) => `repository:r${index}:pull`)))
    expect(await auth.granted(await auth.get(distinctScopes(65), { headers: basic('closed:one') }))).toEqual(refusal(400, 'UNSUPPORTED'))
    expect(await auth.granted(await auth.get(`?scope=${'repository:a:pull+'.repeat(65)}`, { headers: basic('closed:one') }))).toEqual(
      refusal(400, 'UNSUPPORTED'),
    )
  })

  test('the admin of one registry is nobody at another', async () => {
    await db.metadata.credentials.setPassword(registries.open.id, adminAccount, { slot: 1, hash: await hashPassword('other') })
    expect(await auth.granted(await auth.get('', { at: registries.open, headers: basic('closed:one') }))).toEqual(
      refusal(401, 'UNAUTHORIZED'),
    )
    expect(await auth.granted(await auth.get('', { at: registries.open, headers: basic('open:one') }))).toEqual(
      refusal(401, 'UNAUTHORIZED'),
    )
  })

  test('HEAD answers like GET, without a body', async () => {
    expect(await auth.get('', { method: 'HEAD', headers: basic('closed:one') })).toMatchObject({ status: 200, body: {} })
    expect(await auth.get('', { method: 'HEAD', headers: basic('closed:wrong') })).toMatchObject({ status: 401, body: {} })
  })

  test('after five wrong passwords the address waits, and another one does not', async () => {
    for (let index = 0; index < 5; index++)
      expect(await auth.get('', { headers: basic(`closed:wrong${index}`) })).toMatchObject({ status: 401 })
    const limited = await auth.get('', { headers: basic('closed:one') })
    expect(await auth.granted(limited)).toEqual(refusal(429, 'TOOMANYREQUESTS'))
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(limited.headers['retry-after'])).toBeLessThanOrEqual(300)
    expect(await auth.granted(await auth.get('', { headers: { ...basic('closed:one'), 'x-forwarded-for': '192.0.2.2' } }))).toEqual(
      admin(registries.closed),
    )
  })

  test('503 when the database does not answer', async () => {
    const database = openDatabase({ url: db.url })
    const broken = await startAuthServer({ ...createMetadata(database), registries: db.metadata.registries }, registries.closed)
    await database.close()
    for (const headers of [basic('closed:one'), basic('nobody:wrong')]) {
      const answer = await broken.get('', { headers })
      expect(answer.status).toBe(503)
      expect(answer.headers['retry-after']).toBeDefined()
    }
    await broken.close()
  })
})
