import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createAuthorizer } from '@roadstead/identity/authorizer.ts'
import type { Authorizer } from '@roadstead/identity/authorizer.ts'
import { blob, image, index, manifest } from '@roadstead/testing/contents.ts'
import { clientOf, pushAll, pushBlob, pushManifest } from './registry-client.ts'
import type { Answer, Send } from './registry-client.ts'
import { password, startRegistry } from './running-registry.ts'
import type { RunningRegistry } from './running-registry.ts'

/** `owner` has everything on team/app of contoso; `other` only on mine/x of it; `neighbour` the same names at fabrikam. */
let running: RunningRegistry
let owner: Send
let other: Send
let neighbour: Send
const secret = image('secret')
/** While set, the only repository that anybody of contoso may get rights on. */
let mayReadOnly: string | undefined

beforeAll(async () => {
  const { grant } = createAuthorizer()
  const authorizer: Authorizer = {
    grant: (at, who, requested) =>
      grant(
        at,
        who,
        requested.filter(({ name }) => mayReadOnly === undefined || name === mayReadOnly),
      ),
  }
  running = await startRegistry({ authorizer })
  const all = 'repository:team/app:pull,push,delete,metadata_read repository:mine/x:pull,push,delete,metadata_read registry:catalog:*'
  owner = clientOf(running, await running.bearer(all))
  other = clientOf(running, await running.bearer('repository:mine/x:pull,push,delete,metadata_read'))
  neighbour = clientOf(running, await running.bearer(all, running.neighbour), running.neighbour)
  await pushAll(owner, 'team/app', 'v1', secret)
  await pushAll(other, 'mine/x', 'v1', image('mine'))
})

afterAll(() => running.close())

const outline = ({ status, code, headers }: Answer) => ({ status, code, range: headers['range'], challenge: headers['www-authenticate'] })

describe('between repositories of one registry', () => {
  test('a mount with a token that was not asked for the source is told to ask for both', async () => {
    for (const digest of [secret.blobs[0]!.digest, blob('nowhere').digest]) {
      const answer = await other('POST', `/v2/mine/x/blobs/uploads/?mount=${digest}&from=team/app`)
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toContain(
        ',scope="repository:mine/x:pull,push repository:team/app:pull",error="insufficient_scope"',
      )
    }
  })

  test('a mount that is not allowed looks like one of something that is not there', async () => {
    mayReadOnly = 'mine/x'
    const absent = blob('nowhere').digest
    const answers = [
      await other('POST', `/v2/mine/x/blobs/uploads/?mount=${secret.blobs[0]!.digest}&from=team/app`),
      await other('POST', `/v2/mine/x/blobs/uploads/?mount=${absent}&from=team/app`),
      await other('POST', `/v2/mine/x/blobs/uploads/?mount=${secret.blobs[0]!.digest}`),
      await other('POST', `/v2/mine/x/blobs/uploads/?mount=${absent}`),
    ]
    for (const answer of answers) expect(outline(answer)).toEqual({ status: 202, code: undefined, range: '0-0', challenge: undefined })
    expect((await other('HEAD', `/v2/mine/x/blobs/${secret.blobs[0]!.digest}`)).status).toBe(404)
    mayReadOnly = undefined
  })

  test('a mount that is allowed moves no bytes and is a link of its own', async () => {
    const digest = secret.blobs[1]!.digest
    const mounted = await owner('POST', `/v2/mine/x/blobs/uploads/?mount=${digest}&from=team/app`)
    expect([mounted.status, mounted.headers['location'], mounted.headers['docker-content-digest']]).toEqual([
      201,
      `/v2/mine/x/blobs/${digest}`,
      digest,
    ])
    expect((await owner('DELETE', `/v2/mine/x/blobs/${digest}`)).status).toBe(202)
    expect((await owner('GET', `/v2/team/app/blobs/${digest}`)).body.equals(secret.blobs[1]!.bytes)).toBe(true)
  })

  test('asking for a blob links nothing, and naming it in a manifest neither', async () => {
    const stolen = secret.blobs[0]!
    for (const method of ['HEAD', 'GET']) expect((await other(method, `/v2/mine/x/blobs/${stolen.digest}`)).status).toBe(404)
    const refused = await pushManifest(other, 'mine/x', 'stolen', manifest({ config: stolen }))
    expect([refused.status, refused.code]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN'])
    const child = await pushManifest(other, 'mine/x', 'stolen', index([secret.manifest]))
    expect([child.status, child.code]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN'])
    expect((await other('GET', `/v2/mine/x/blobs/${stolen.digest}`)).status).toBe(404)
  })

  test('what exists and what does not is refused in the same words', async () => {
    for (const path of ['tags/list', 'manifests/v1', `blobs/${secret.blobs[0]!.digest}`, `referrers/${secret.manifest.digest}`]) {
      const existing = await other('GET', `/v2/team/app/${path}`)
      const missing = await other('GET', `/v2/team/no-app/${path}`)
      expect(existing.status).toBe(401)
      expect(existing.headers['www-authenticate']).toContain('error="insufficient_scope"')
      expect(existing.body.toString().replaceAll('team/app', '*')).toBe(missing.body.toString().replaceAll('team/no-app', '*'))
      expect(existing.headers['www-authenticate']!.replace('team/app', '*')).toBe(
        missing.headers['www-authenticate']!.replace('team/no-app', '*'),
      )
    }
  })

  test('a token opens whole names, not what begins with them', async () => {
    for (const name of ['mine/x2', 'mine/x/y', 'mine']) expect((await other('GET', `/v2/${name}/tags/list`)).status).toBe(401)
    expect((await other('GET', '/v2/_catalog')).status).toBe(401)
  })
})

describe('between tenants', () => {
  test('nothing that one pushed is there for the other, under the same names', async () => {
    expect((await neighbour('GET', '/v2/team/app/tags/list')).code).toBe('NAME_UNKNOWN')
    expect((await neighbour('GET', '/v2/team/app/manifests/v1')).code).toBe('NAME_UNKNOWN')
    expect((await neighbour('GET', `/v2/team/app/blobs/${secret.blobs[0]!.digest}`)).code).toBe('NAME_UNKNOWN')
    expect((await neighbour('GET', '/v2/_catalog')).json()).toEqual({ repositories: [] })
    expect((await neighbour('POST', `/v2/mine/x/blobs/uploads/?mount=${secret.blobs[0]!.digest}&from=team/app`)).status).toBe(202)
    expect((await neighbour('GET', `/v2/team/app/referrers/${secret.manifest.digest}`)).json()).toMatchObject({ manifests: [] })
  })

  test('the same bytes are stored for each, and deleting them in one leaves the other', async () => {
    for (const content of secret.blobs) await pushBlob(neighbour, 'team/app', content)
    await pushManifest(neighbour, 'team/app', 'v1', secret.manifest)
    expect((await neighbour('DELETE', `/v2/team/app/manifests/${secret.manifest.digest}`)).status).toBe(202)
    for (const { digest } of secret.blobs) expect((await neighbour('DELETE', `/v2/team/app/blobs/${digest}`)).status).toBe(202)
    expect((await owner('GET', '/v2/team/app/manifests/v1')).body.equals(secret.manifest.bytes)).toBe(true)
    for (const { digest, bytes } of secret.blobs) expect((await owner('GET', `/v2/team/app/blobs/${digest}`)).body.equals(bytes)).toBe(true)
  })

  test('a token of one is nothing to the other', async () => {
    const foreign = clientOf(running, await running.bearer('repository:team/app:pull', running.neighbour))
    const answer = await foreign('GET', '/v2/team/app/manifests/v1')
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toContain(`service="${running.hostOf(running.registry)}"`)
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"')
  })
})

describe('credentials on the API itself', () => {
  const basic = (user: string, secretWord: string) => `Basic ${Buffer.from(`${user}:${secretWord}`).toString('base64')}`

  test('the admin account may use its password directly', async () => {
    const admin = clientOf(running, basic('myregistry', password))
    expect((await admin('GET', '/v2/')).status).toBe(200)
    expect((await admin('GET', '/v2/team/app/manifests/v1')).status).toBe(200)
    expect((await admin('GET', '/v2/_catalog')).json()).toEqual({ repositories: ['mine/x', 'team/app'] })
  })

  test('the login check tells who has none', async () => {
    const none = await clientOf(running, undefined)('GET', '/v2/')
    expect(none.status).toBe(401)
    expect(none.headers['www-authenticate']).toBe(
      `Bearer realm="http://${running.hostOf(running.registry)}/oauth2/token",service="${running.hostOf(running.registry)}"`,
    )
    expect((await clientOf(running, basic('myregistry', 'wrong'))('GET', '/v2/')).status).toBe(401)
  })

  test('a challenge names the scope, without a space', async () => {
    const none = clientOf(running, undefined)
    const host = running.hostOf(running.registry)
    const challenge = (await none('PUT', '/v2/team/app/manifests/v1')).headers['www-authenticate']
    expect(challenge).toBe(`Bearer realm="http://${host}/oauth2/token",service="${host}",scope="repository:team/app:pull,push"`)
    expect((await none('GET', '/v2/team/app/tags/list')).headers['www-authenticate']).toContain('scope="repository:team/app:metadata_read"')
    expect((await none('GET', '/v2/_catalog')).headers['www-authenticate']).toContain('scope="registry:catalog:*"')
    expect((await none('DELETE', '/v2/team/app/manifests/v1')).headers['www-authenticate']).toContain('scope="repository:team/app:delete"')
  })
})

test('where the owner allows it, everybody pulls and nobody else pushes', async () => {
  const open = await startRegistry({ anonymousPull: true })
  try {
    const pushed = image('public')
    await pushAll(clientOf(open, await open.bearer('repository:pub/app:pull,push')), 'pub/app', 'v1', pushed)
    const anybody = clientOf(open, undefined)
    expect((await anybody('GET', '/v2/pub/app/manifests/v1')).body.equals(pushed.manifest.bytes)).toBe(true)
    expect((await anybody('GET', '/v2/pub/app/tags/list')).status).toBe(200)
    expect((await anybody('GET', '/v2/')).status).toBe(401)
    for (const [method, path] of [
      ['POST', 'blobs/uploads/'],
      ['PUT', 'manifests/v2'],
      ['DELETE', 'manifests/v1'],
    ] as const) {
      expect((await anybody(method, `/v2/pub/app/${path}`)).status).toBe(401)
    }
    expect((await anybody('GET', '/v2/_catalog')).status).toBe(401)
    expect((await clientOf(open, 'Bearer wrong')('GET', '/v2/pub/app/manifests/v1')).status).toBe(401)
  } finally {
    await open.close()
  }
})
