import { createHmac, createPrivateKey, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { Scope } from '@roadstead/oci/scope.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { testRegistry } from '@roadstead/testing/registries.ts'
import { createAccessTokens } from './access-tokens.ts'
import type { AccessTokens, VerifiedToken } from './access-tokens.ts'
import { adminPrincipal } from './principal.ts'
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
const verify = (text: string): Promise<VerifiedToken | undefined> => fresh().verify(text, { registry, loginServer, now: issuedAt })

type Mutation = readonly [string, () => string]
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
const withoutClaim = (name: string): string =>
  signed(headerOf(token), Object.fromEntries(Object.entries(claimsOf(token)).filter(([each]) => each !== name)))
const withHeader = (changes: Json): string => signed({ ...headerOf(token), ...changes }, claimsOf(token))

const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const foreignJwk = foreign.publicKey.export({ format: 'jwk' })
const time = (name: string): number => claimsOf(token)[name] as number
const seconds = (name: string): Mutation[] => [
  [`${name} missing`, () => withoutClaim(name)],
  [`${name} as text`, () => withClaims({ [name]: String(time(name)) })],
  [`${name} negative`, () => withClaims({ [name]: -time(name) })],
  [`${name} zero`, () => withClaims({ [name]: 0 })],
  [`${name} with a fraction`, () => withClaims({ [name]: time(name) + 0.5 })],
  [`${name} in the year 9999`, () => withClaims({ [name]: 253_402_300_799 })],
  [`${name} null`, () => withClaims({ [name]: null })],
  [`${name} true`, () => withClaims({ [name]: true })],
  [`${name} as a list`, () => withClaims({ [name]: [time(name)] })],
  [`${name} beyond exact numbers`, () => withClaims({ [name]: 2 ** 60 })],
]
const texts = (name: string): Mutation[] => [
  [`${name} missing`, () => withoutClaim(name)],
  [`${name} empty`, () => withClaims({ [name]: '' })],
  [`${name} null`, () => withClaims({ [name]: null })],
  [`${name} a number`, () => withClaims({ [name]: 1 })],
  [`${name} as a list`, () => withClaims({ [name]: [claimsOf(token)[name]] })],
]
const flipped = (segment: number, at: (length: number) => number): string => {
  const parts = token.split('.')
  const part = parts[segment]!
  const index = at(part.length)
  parts[segment] = part.slice(0, index) + (part[index] === 'A' ? 'B' : 'A') + part.slice(index + 1)
  return parts.join('.')
}
const raw = (change: (payload: string) => string): string => signed(headerOf(token), change(JSON.stringify(claimsOf(token))))
const parts = (change: (header: string, payload: string, signature: string) => string): string => {
  const [header, payload, signature] = token.split('.')
  return change(header!, payload!, signature!)
}

function hmac(header: unknown, secret: string): string {
  const input = `${encode(header)}.${token.split('.')[1]}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

describe('verify refuses', () => {
  test('but not the token that the following are made of', async () => {
    expect(await verify(token)).toBeDefined()
    expect(await verify(withClaims({}))).toBeDefined()
  })

  test.each<Mutation>([
    ['nothing', () => ''],
    ['a word', () => 'token'],
    ['two dots', () => '..'],
    ['4,000 dots', () => '.'.repeat(4000)],
    ['64 kB', () => 'a'.repeat(65_536)],
    ['a genuine token of 64 kB', () => withClaims({ jti: 'x'.repeat(65_536) })],
    ['a genuine token a little over the limit', () => withClaims({ jti: 'x'.repeat(6_000) })],
    ['no signature', () => parts((header, payload) => `${header}.${payload}.`)],
    ['no signature and no last dot', () => parts((header, payload) => `${header}.${payload}`)],
    ['a fourth part', () => `${token}.${token.split('.')[2]}`],
    ['a space in front', () => ` ${token}`],
    ['a line feed behind', () => `${token}\n`],
    ['padding', () => `${token}==`],
    ['the other base64 alphabet', () => token.replaceAll('-', '+').replaceAll('_', '/') + (/[-_]/.test(token) ? '' : '=')],
    ['alg none', () => `${encode({ alg: 'none', typ: 'JWT' })}.${token.split('.')[1]}.`],
    ['alg none with our key id', () => `${encode({ alg: 'none', typ: 'JWT', kid: key.kid })}.${token.split('.')[1]}.`],
    [
      'alg none and the old signature',
      () => parts((_, payload, signature) => `${encode({ alg: 'none', typ: 'JWT', kid: key.kid })}.${payload}.${signature}`),
    ],
    ['alg None', () => withHeader({ alg: 'None' })],
    ['alg HS256 keyed with the public key', () => hmac({ alg: 'HS256', typ: 'JWT', kid: key.kid }, key.publicKey)],
    ['alg HS256 keyed with nothing', () => hmac({ alg: 'HS256', typ: 'JWT', kid: key.kid }, '')],
    ['alg ES256 over an HMAC', () => hmac(headerOf(token), key.publicKey)],
    ['alg ES384', () => withHeader({ alg: 'ES384' })],
    ['alg missing', () => withHeader({ alg: undefined })],
    ['alg as a list', () => withHeader({ alg: ['ES256'] })],
    ['typ another', () => withHeader({ typ: 'at+jwt' })],
    ['typ missing', () => withHeader({ typ: undefined })],
    ['kid missing', () => withHeader({ kid: undefined })],
    ['kid of nobody', () => withHeader({ kid: 'nobody' })],
    ['kid a path', () => withHeader({ kid: '../../etc/passwd' })],
    ['kid of an object', () => withHeader({ kid: '__proto__' })],
    ['kid a number', () => withHeader({ kid: 1 })],
    ['a header with jwk', () => withHeader({ jwk: foreignJwk })],
    ['a foreign key that comes along as jwk', () => signed({ ...headerOf(token), jwk: foreignJwk }, claimsOf(token), foreign.privateKey)],
    ['a foreign key without a word', () => signed(headerOf(token), claimsOf(token), foreign.privateKey)],
    ['a foreign key under its own kid', () => signed({ ...headerOf(token), kid: 'foreign' }, claimsOf(token), foreign.privateKey)],
    ['a header with jku', () => withHeader({ jku: 'https://evil.example/keys' })],
    ['a header with x5u', () => withHeader({ x5u: 'https://evil.example/cert' })],
    ['a header with x5c', () => withHeader({ x5c: ['MIIB'] })],
    ['a header with crit', () => withHeader({ crit: ['exp'] })],
    ['a header in another order', () => signed({ typ: 'JWT', alg: 'ES256', kid: key.kid }, claimsOf(token))],
    ['a header that is a list', () => signed([], claimsOf(token))],
    ['a header that is no JSON', () => signed('{', claimsOf(token))],
    ['aud missing', () => withoutClaim('aud')],
    ['aud as a list', () => withClaims({ aud: [loginServer] })],
    ['aud as a list of two', () => withClaims({ aud: [loginServer, 'registry-fabrikam.localhost:5000'] })],
    ['aud another registry', () => withClaims({ aud: 'registry-fabrikam.localhost:5000' })],
    ['aud in capitals', () => withClaims({ aud: loginServer.toUpperCase() })],
    ['aud null', () => withClaims({ aud: null })],
    ['rid another', () => withClaims({ rid: registry.id + 1 })],
    ['rid missing', () => withoutClaim('rid')],
    ['rid as text', () => withClaims({ rid: String(registry.id) })],
    ['rid as a list', () => withClaims({ rid: [registry.id] })],
    ['iss another', () => withClaims({ iss: 'https://sts.windows.net/contoso/' })],
    ...texts('iss'),
    ...texts('jti'),
    ...texts('sub'),
    ['sub of another registry', () => withClaims({ sub: `admin:${registry.id + 1}` })],
    ['sub of anonymous where that is off', () => withClaims({ sub: 'anonymous' })],
    ['sub of an object', () => withClaims({ sub: 'constructor' })],
    ['version another', () => withClaims({ version: '2.0' })],
    ['version missing', () => withoutClaim('version')],
    ['a refresh token', () => withClaims({ grant_type: 'refresh_token' })],
    ['grant_type missing', () => withoutClaim('grant_type')],
    ['grant_type as a list', () => withClaims({ grant_type: ['access_token'] })],
    ...seconds('exp'),
    ...seconds('nbf'),
    ...seconds('iat'),
    ['exp one second too late', () => withClaims({ exp: time('exp') + 1 })],
    ['exp before iat', () => withClaims({ exp: time('iat') - 1 })],
    ['exp, nbf and iat 61 seconds ahead', () => withClaims({ exp: time('exp') + 61, nbf: time('nbf') + 61, iat: time('iat') + 61 })],
    ['iat 61 seconds ahead', () => withClaims({ iat: time('iat') + 61 })],
    ['exp before nbf', () => withClaims({ exp: time('iat') + 30, nbf: time('iat') + 40 })],
    ['exp before iat, both after nbf', () => withClaims({ exp: time('nbf') + 20, iat: time('nbf') + 30 })],
    ['nbf 61 seconds ahead', () => withClaims({ nbf: time('nbf') + 61 })],
    ['iat before the registry was there', () => withClaims({ iat: time('iat') - 1000, exp: time('iat') + 3000, nbf: time('iat') - 1000 })],
    ['roles missing', () => withoutClaim('roles')],
    ['access missing', () => withoutClaim('access')],
    ['access null', () => withClaims({ access: null })],
    ['access an object', () => withClaims({ access: Object.fromEntries(scopes.entries()) })],
    ['access a text', () => withClaims({ access: 'repository:team/app:pull' })],
    ['access of texts', () => withClaims({ access: ['repository:team/app:pull'] })],
    ['access with null', () => withClaims({ access: [null] })],
    ['actions a text', () => withClaims({ access: [{ ...scopes[0], actions: '*' }] })],
    ['actions of numbers', () => withClaims({ access: [{ ...scopes[0], actions: [1] }] })],
    ['actions nested', () => withClaims({ access: [{ ...scopes[0], actions: [['pull']] }] })],
    ['actions missing', () => withClaims({ access: [{ type: 'repository', name: 'team/app' }] })],
    ['no actions', () => withClaims({ access: [{ ...scopes[0], actions: [] }] })],
    ['a scope of another type', () => withClaims({ access: [{ ...scopes[0], type: 'repository(plugin)' }] })],
    ['a scope of no name', () => withClaims({ access: [{ ...scopes[0], name: '' }] })],
    ['a scope of every name', () => withClaims({ access: [{ ...scopes[0], name: '*' }] })],
    ['a scope with more to it', () => withClaims({ access: [{ ...scopes[0], class: 'plugin' }] })],
    ['claims null', () => signed(headerOf(token), null)],
    ['claims a list', () => signed(headerOf(token), [])],
    ['claims a text', () => signed(headerOf(token), '"claims"')],
    ['claims no JSON', () => signed(headerOf(token), '{"exp":')],
    ['a claim twice', () => raw((text) => text.replace('"sub":', '"sub":"somebody","sub":'))],
    ['access twice', () => raw((text) => text.replace('"access":', '"access":[],"access":'))],
    ['a claim twice, once escaped', () => raw((text) => text.replace('{', '{"\\u0073ub":"somebody",'))],
    ['white space between claims', () => raw((text) => text.replace('{', '{ '))],
    ['a byte order mark', () => raw((text) => `\ufeff${text}`)],
    ['a second document behind', () => raw((text) => `${text}{}`)],
    ['a number spelled differently', () => raw((text) => text.replace(/"iat":([0-9]+)/, '"iat":$1.0'))],
    ['the first character of the header another', () => flipped(0, () => 0)],
    ['a character of the header another', () => flipped(0, (length) => length >> 1)],
    ['the last character of the header another', () => flipped(0, (length) => length - 1)],
    ['the first character of the claims another', () => flipped(1, () => 0)],
    ['a character of the claims another', () => flipped(1, (length) => length >> 1)],
    ['the last character of the claims another', () => flipped(1, (length) => length - 1)],
    ['the first character of the signature another', () => flipped(2, () => 0)],
    ['a character of the signature another', () => flipped(2, (length) => length >> 1)],
    ['the last character of the signature another', () => flipped(2, (length) => length - 1)],
    ['a signature of zeros', () => parts((header, payload) => `${header}.${payload}.${'A'.repeat(86)}`)],
    ['a signature cut short', () => token.slice(0, -1)],
    [
      'the signature in ASN.1',
      () =>
        parts(
          (header, payload) =>
            `${header}.${payload}.${sign('sha256', Buffer.from(`${header}.${payload}`), privateKey).toString('base64url')}`,
        ),
    ],
    ['parts of two tokens', () => parts((header, payload) => `${header}.${payload}.${withClaims({ jti: 'other' }).split('.')[2]}`)],
  ])('%s', async (_, mutate) => {
    const text = mutate()
    expect(text).not.toBe(token)
    expect(await verify(text)).toBeUndefined()
  })

  test('every one of the four spellings of the last signature character but the genuine one', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const accepted = []
    for (const character of alphabet) if ((await verify(token.slice(0, -1) + character)) !== undefined) accepted.push(character)
    expect(accepted).toEqual([token.at(-1)])
  })

  test('no random text', async () => {
    for (let index = 0; index < 200; index++) {
      const [header, payload] = token.split('.')
      expect(await verify(`${header}.${payload}.${randomBytes(64).toString('base64url')}`)).toBeUndefined()
    }
  })
})
