import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Registry } from '@roadstead/oci/registry.ts'
import { parseScope } from '@roadstead/oci/scope.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { createAccessTokens } from './access-tokens.ts'
import type { AccessTokens } from './access-tokens.ts'
import { adminAccount, createAuthenticator } from './authenticator.ts'
import { createAuthorizer } from './authorizer.ts'
import { createIdentify } from './identify.ts'
import type { Identify } from './identify.ts'
import { hashPassword } from './password.ts'
import { adminPrincipal } from './principal.ts'
import { createSignInLimits } from './sign-in-limits.ts'
import { createSigningKeys } from './signing-keys.ts'
import { createVerifiedPasswords } from './verified-passwords.ts'

let db: TestDatabase
let registry: Registry
let tokens: AccessTokens
let identify: Identify
let time = Date.now()
const now = (): Date => new Date(time)
const loginServerOf = ({ label }: Registry): string => `${label}.localhost`

beforeAll(async () => {
  db = await testDatabase()
  ;({ registry } = await db.metadata.ensureRegistry({ tenant: 'contoso', name: 'myregistry', storage: 'memory:', adminEnabled: true }))
  await db.metadata.credentials.setPassword(registry.id, adminAccount, { slot: 1, hash: await hashPassword('secret') })
  tokens = createAccessTokens({ keys: createSigningKeys(db.metadata.signingKeys, now), newId: randomUUID })
  const passwords = createVerifiedPasswords(now)
  const authenticator = createAuthenticator({ credentials: db.metadata.credentials, limits: createSignInLimits(), passwords })
  identify = createIdentify({ tokens, authenticator, authorizer: createAuthorizer(), loginServerOf, now })
})
afterAll(() => db.close())

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
/** What of this the header allows; undefined where it is not valid. */
const allowed = async (header: string | undefined, at: Registry = registry): Promise<readonly string[] | undefined> => {
  const access = await identify(at, header, '192.0.2.1')
  if (access === undefined) return undefined
  const asked = ['repository:app:pull', 'repository:app:pull,push', 'repository:application:pull', 'registry:catalog:*']
  const answers = await Promise.all(asked.map((text) => access.allows(parseScope(text)!)))
  return asked.filter((_, index) => answers[index])
}

describe('identify', () => {
  test('a token allows what it says, of whole names and all actions asked', async () => {
    const issue = { registry, loginServer: loginServerOf(registry), principal: adminPrincipal(registry), now: now() }
    const { token } = await tokens.issue({ ...issue, scopes: [{ type: 'repository', name: 'app', actions: ['pull'] }] })
    expect(await allowed(`Bearer ${token}`)).toEqual(['repository:app:pull'])
    expect(await allowed(`bearer  ${token} `)).toEqual(['repository:app:pull'])
    expect(await identify(registry, `Bearer ${token}`, '')).toMatchObject({ principal: `admin:${registry.id}`, expired: false })
    time += 2 * 60 * 60 * 1000
    expect(await identify(registry, `Bearer ${token}`, '')).toMatchObject({ expired: true })
    time -= 2 * 60 * 60 * 1000
    expect(await allowed(`Bearer ${token} ${token}`)).toBeUndefined()
    expect(await allowed(`Bearer ${token},Basic x`)).toBeUndefined()
  })

  test('the admin account signs in directly', async () => {
    expect(await allowed(basic('myregistry:secret'))).toHaveLength(4)
    expect(await identify(registry, basic('myregistry:secret'), '')).toMatchObject({ principal: `admin:${registry.id}`, expired: false })
  })

  test.each(['', 'Basic', 'Bearer', 'Bearer x', basic('myregistry:wrong'), basic(':'), 'Digest x', 'Negotiate'])(
    '%j is not valid and never anonymous',
    async (header) => {
      expect(await allowed(header, { ...registry, anonymousPull: true })).toBeUndefined()
    },
  )

  test('no header is the anonymous principal, who may pull where the registry says so', async () => {
    expect(await allowed(undefined)).toEqual([])
    expect(await allowed(undefined, { ...registry, anonymousPull: true })).toEqual(['repository:app:pull', 'repository:application:pull'])
  })
})
