import { createPrivateKey, randomUUID, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Registry, RegistryId } from '@roadstead/oci/registry.ts'
import type { Scope } from '@roadstead/oci/scope.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { testRegistry } from '@roadstead/testing/registries.ts'
import { createAccessTokens } from './access-tokens.ts'
import type { AccessTokens, VerifiedToken } from './access-tokens.ts'
import { adminPrincipal, anonymous } from './principal.ts'
import type { SigningKey } from './signing-key-facts.ts'
import { createSigningKeys } from './signing-keys.ts'

const loginServer = 'registry-contoso.localhost:5000'
const scopes: readonly Scope[] = [
  { type: 'repository', name: 'team/app', actions: ['pull', 'push'] },
  { type: 'registry', name: 'catalog', actions: ['*'] },
]

let db: TestDatabase
let registry: Registry
let tokens: AccessTokens
let key: SigningKey
let privateKey: KeyObject
let token: string
let issuedAt: Date

beforeAll(async () => {
  db = await testDatabase()
  registry = await testRegistry(db.metadata, { adminEnabled: true })
  issuedAt = new Date(Math.floor(Date.now() / 1000) * 1000)
  tokens = fresh()
  token = (await issue()).token
  key = (await db.metadata.signingKeys.list())[0]!
  privateKey = createPrivateKey(key.privateKey)
})
afterAll(() => db.close())

/** Another replica: the same keys, nothing remembered. */
const fresh = (): AccessTokens =>
  createAccessTokens({ keys: createSigningKeys(db.metadata.signingKeys, () => issuedAt), newId: randomUUID })
const issue = (now = issuedAt) => tokens.issue({ registry, loginServer, principal: adminPrincipal(registry), scopes, now })
const after = (seconds: number): Date => new Date(issuedAt.getTime() + seconds * 1000)
const verify = (text: string, now = issuedAt, at: { registry?: Registry; loginServer?: string } = {}): Promise<VerifiedToken | undefined> =>
  fresh().verify(text, { registry, loginServer, now, ...at })

type Json = Record<string, unknown>
const encode = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const headerOf = (text: string): Json => JSON.parse(Buffer.from(text.split('.')[0]!, 'base64url').toString())
const claimsOf = (text: string): Json => JSON.parse(Buffer.from(text.split('.')[1]!, 'base64url').toString())
const signed = (header: unknown, claims: unknown, by = privateKey): string => {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${sign('sha256', Buffer.from(input), { key: by, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}
/** Signed with the registry's own key, so that nothing but the claims can be the reason for a refusal. */
const withClaims = (changes: Json): string => signed(headerOf(token), { ...claimsOf(token), ...changes })

describe('issue', () => {
  test('the claims are those of ACR, and the id of the registry', async () => {
    expect(claimsOf(token)).toEqual({
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      sub: `admin:${registry.id}`,
      nbf: issuedAt.getTime() / 1000,
      exp: issuedAt.getTime() / 1000 + 4500,
      iat: issuedAt.getTime() / 1000,
      iss: 'Azure Container Registry',
      aud: loginServer,
      version: '1.0',
      rid: registry.id,
      grant_type: 'access_token',
      access: scopes,
      roles: [],
    })
    expect(headerOf(token)).toEqual({ alg: 'ES256', typ: 'JWT', kid: key.kid })
  })

  test('tells when it was issued and how long it lives', async () => {
    expect(await issue(after(0.7))).toMatchObject({ expiresIn: 4500, issuedAt })
  })

  test('refuses to make a token that no reader would accept', async () => {
    const many = Array.from({ length: 64 }, (_, index): Scope => ({
      type: 'repository',
      name: `${'a'.repeat(200)}${index}`,
      actions: ['pull'],
    }))
    const grant = { registry, loginServer, principal: adminPrincipal(registry), scopes: many, now: issuedAt }
    await expect(tokens.issue(grant)).rejects.toMatchObject({ code: 'UNSUPPORTED', reason: 'malformed' })
  })
})

describe('verify', () => {
  test('the untouched token, at every replica, and signed once more by hand', async () => {
    const expected = { principalId: `admin:${registry.id}`, scopes, expiresAt: after(4500), expired: false }
    expect(await verify(token)).toEqual(expected)
    expect(await verify(withClaims({}))).toEqual(expected)
    // A second look is answered from memory.
    expect(await tokens.verify(token, { registry, loginServer, now: issuedAt })).toEqual(expected)
    expect(await tokens.verify(token, { registry, loginServer, now: issuedAt })).toEqual(expected)
  })

  // The registry's clock decides; two clocks may differ by a minute.
  test.each([
    [-61, undefined],
    [-60, false],
    [0, false],
    [4500 + 59, false],
    [4500 + 60, true],
    [4500 + 86_399, true],
    [4500 + 86_400, undefined],
    [400 * 86_400, undefined],
  ])('%d seconds after issue, expired is %s', async (seconds, expired) => {
    const remembering = fresh()
    await remembering.verify(token, { registry, loginServer, now: issuedAt })
    for (const reader of [fresh(), remembering]) {
      expect((await reader.verify(token, { registry, loginServer, now: after(seconds) }))?.expired).toBe(expired)
    }
  })

  test('counts at its own registry only, even where the other one has the same name, and even if it is remembered', async () => {
    const remembering = fresh()
    await remembering.verify(token, { registry, loginServer, now: issuedAt })
    const others: { registry?: Registry; loginServer?: string }[] = [
      { loginServer: 'registry-fabrikam.localhost:5000' },
      { loginServer: 'registry-contoso.localhost' },
      { registry: await testRegistry(db.metadata, { adminEnabled: true }) },
      { registry: { ...registry, id: (registry.id + 1) as RegistryId } },
      { registry: { ...registry, createdAt: after(3600) } },
    ]
    for (const other of others) {
      expect(await verify(token, issuedAt, other)).toBeUndefined()
      expect(await remembering.verify(token, { registry, loginServer, now: issuedAt, ...other })).toBeUndefined()
    }
    expect(await remembering.verify(token, { registry, loginServer, now: issuedAt })).toBeDefined()
  })

  test('ends at once when the registry no longer lets the principal in', async () => {
    expect(await tokens.verify(token, { registry: { ...registry, adminEnabled: false }, loginServer, now: issuedAt })).toBeUndefined()
    const open = { ...registry, anonymousPull: true }
    const { token: forAnyone } = await tokens.issue({ registry: open, loginServer, principal: anonymous, scopes: [], now: issuedAt })
    expect(await tokens.verify(forAnyone, { registry: open, loginServer, now: issuedAt })).toMatchObject({
      principalId: 'anonymous',
      scopes: [],
    })
    expect(await tokens.verify(forAnyone, { registry, loginServer, now: issuedAt })).toBeUndefined()
  })
})
