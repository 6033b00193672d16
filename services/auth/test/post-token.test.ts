import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { admin, basic, form, loginServers, nobody, refusal, makeRegistries, startAuthServer } from './auth-server.ts'
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

const filled = (length: number): string => 'grant_type=password&username=closed&password=one&x='.padEnd(length, 'y')

describe('POST /oauth2/token', () => {
  const password = [
    ['grant_type', 'password'],
    ['username', 'closed'],
    ['password', 'zwei:é +&%'],
    ['service', 'closed-contoso.localhost:5000'],
  ] as const

  test('containerd and az: user name and password in the form, scopes joined or repeated', async () => {
    const joined = await auth.post([...password, ['client_id', 'containerd-client'], ['scope', 'repository:x:pull repository:y:pull,push']])
    expect(await auth.granted(joined)).toEqual(admin(registries.closed, 'repository:x:pull', 'repository:y:pull,push'))
    expect(joined.headers['cache-control']).toBe('no-store')
    expect(joined.body['refresh_token']).toBeUndefined()
    expect(await auth.granted(await auth.post([...password, ['scope', 'repository:x:pull'], ['scope', 'repository:y:push']]))).toEqual(
      admin(registries.closed, 'repository:x:pull', 'repository:y:push'),
    )
    expect(await auth.granted(await auth.post([...password, ['scope', 'registry:None:*']]))).toEqual(admin(registries.closed))
  })

  test('in chunks, with parameters of the media type, and with an api-version in the query', async () => {
    const [head, tail] = ['grant_type=password&username=closed&pass', 'word=one&scope=repository%3Ax%3Apull']
    const headers = { 'content-type': 'Application/X-WWW-Form-Urlencoded; charset=UTF-8', 'transfer-encoding': 'chunked' }
    const answer = await auth.ask('/oauth2/token?api-version=2021-07-01', { method: 'POST', headers, body: [head, tail] })
    expect(await auth.granted(answer)).toEqual(admin(registries.closed, 'repository:x:pull'))
  })

  test('Azure SDK without a credential: the password grant with an empty refresh token is anonymous', async () => {
    const fields = [
      ['grant_type', 'password'],
      ['service', 'open-contoso.localhost:5000'],
      ['scope', 'repository:a/b:metadata_read'],
      ['refresh_token', ''],
    ] as const
    expect(await auth.granted(await auth.post(fields, { at: registries.open }), registries.open)).toEqual(
      nobody('repository:a/b:metadata_read'),
    )
    expect(await auth.granted(await auth.post(fields.filter(([name]) => name !== 'refresh_token' && name !== 'service')))).toEqual(
      refusal(401, 'UNAUTHORIZED'),
    )
  })

  test.each([
    ['a wrong password', 'grant_type=password&username=open&password=wrong'],
    ['no password', 'grant_type=password&username=open'],
    ['an empty password', 'grant_type=password&username=open&password='],
    ['no user name', 'grant_type=password&password=one'],
    ['a NUL', 'grant_type=password&username=open&password=one%00'],
    ['a refresh token as well', 'grant_type=password&refresh_token=abc'],
    ['a refresh token', 'grant_type=refresh_token&refresh_token=abc'],
    ['an empty refresh token', 'grant_type=refresh_token&refresh_token='],
    ['the null GUID', 'grant_type=password&username=00000000-0000-0000-0000-000000000000&password=abc'],
  ])('%s is 401 and never anonymous', async (_, body) => {
    const answer = await auth.post(`${body}&scope=repository:a:pull`, { at: registries.open })
    expect(await auth.granted(answer)).toEqual(refusal(401, 'UNAUTHORIZED'))
    expect(answer.headers['www-authenticate']).toMatch(/^Basic realm=/)
  })

  test('an access token is no refresh token', async () => {
    const { body } = await auth.get('', { headers: basic('closed:one') })
    const fields = [
      ['grant_type', 'refresh_token'],
      ['refresh_token', String(body['access_token'])],
    ] as const
    expect(await auth.granted(await auth.post(fields))).toEqual(refusal(401, 'UNAUTHORIZED'))
  })

  test.each([
    ['no grant type', 'username=closed&password=one', {}],
    ['another grant type', 'grant_type=client_credentials&username=closed&password=one', {}],
    ['two user names', 'grant_type=password&username=closed&username=open&password=one', {}],
    ['two passwords', 'grant_type=password&username=closed&password=one&password=one', {}],
    ['two grant types', 'grant_type=password&grant_type=refresh_token&username=closed&password=one', {}],
    ['another service', 'grant_type=password&username=closed&password=one&service=open-contoso.localhost', {}],
    ['an Authorization header as well', 'grant_type=password', basic('closed:one')],
    ['JSON', '{"grant_type":"password","username":"closed","password":"one"}', { 'content-type': 'application/json' }],
    ['a multipart body', 'grant_type=password', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['no media type', 'grant_type=password', { 'content-type': '' }],
    ['a compressed body', 'grant_type=password', { 'content-encoding': 'gzip' }],
    ['65 scopes', `grant_type=password&username=closed&password=one&scope=${'repository:a:pull+'.repeat(65)}`, {}],
    ['an empty body', '', {}],
  ])('%s is 400', async (_, body, headers) => {
    expect(await auth.granted(await auth.post(body, { headers }))).toEqual(refusal(400, 'UNSUPPORTED'))
  })

  test('the service in the query has to agree as well', async () => {
    const about = {
      method: 'POST',
      headers: form,
      body: 'grant_type=password&username=closed&password=one&service=closed-contoso.localhost',
    }
    expect(await auth.granted(await auth.ask('/oauth2/token?service=closed-contoso.localhost', about))).toEqual(admin(registries.closed))
    expect(await auth.granted(await auth.ask('/oauth2/token?service=open-contoso.localhost', about))).toEqual(refusal(400, 'UNSUPPORTED'))
  })

  test('a form of more than 64 kB is 413, whether or not it says how long it is', async () => {
    expect(await auth.granted(await auth.post(filled(65_536)))).toEqual(admin(registries.closed))
    expect(await auth.granted(await auth.post(filled(65_537)))).toEqual(refusal(413, 'UNSUPPORTED'))
    const chunks = Array.from({ length: 20 }, () => 'y'.repeat(10_000))
    const chunked = { method: 'POST', headers: { ...form, 'transfer-encoding': 'chunked' }, body: chunks }
    expect(await auth.granted(await auth.ask('/oauth2/token', chunked))).toEqual(refusal(413, 'UNSUPPORTED'))
  })

  test('a request that breaks off harms nobody', async () => {
    const socket = connect(auth.port, '127.0.0.1')
    socket.write(
      `POST /oauth2/token HTTP/1.1\r\nHost: ${loginServers.nameOf(registries.closed.label)}\r\nContent-Type: ${form['content-type']}\r\nContent-Length: 100\r\n\r\ngrant`,
    )
    while (auth.records.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      socket.destroy()
    }
    expect(auth.records[0]).toMatchObject({ aborted: true })
    expect(await auth.granted(await auth.post(password))).toEqual(admin(registries.closed))
  })
})
