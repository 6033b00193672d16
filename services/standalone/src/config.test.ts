import { mkdtempSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { WrongSettings } from '@roadstead/runtime/settings.ts'
import { readConfig, unknownSettings } from './config.ts'

function mistakesOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment)
    return []
  } catch (error) {
    if (error instanceof WrongSettings) return error.mistakes
    throw error
  }
}

const pem = join(mkdtempSync(join(tmpdir(), 'roadstead-config-')), 'file.pem')
writeFileSync(pem, '-----BEGIN CERTIFICATE-----\n')

test('the embedded defaults', () => {
  expect(readConfig({})).toEqual({
    host: 'localhost',
    port: 5000,
    dataFolder: resolve('data'),
    publicAddress: { scheme: 'http', rootDomain: 'localhost', port: 5000 },
    tls: undefined,
    trustedProxies: [],
    adminPassword: undefined,
    firstRegistry: { tenant: 'contoso', registry: 'myregistry', label: 'myregistry-contoso' },
    databaseUrl: undefined,
    databaseConnections: 16,
    redisUrl: undefined,
    storage: 'embedded:blobs',
    storageCredentials: {},
    redirects: true,
    services: new Set(['registry', 'auth', 'worker']),
    workers: 1,
    background: {
      backupRetention: 24 * 60 * 60_000,
      scrub: { bytesPerSecond: 10 * 1024 * 1024, every: 30 * 24 * 60 * 60_000 },
    },
    logLevel: 'info',
    connectionsPerAddress: Number.POSITIVE_INFINITY,
  })
})

describe('what clients see', () => {
  test.each<[string, Record<string, string>, object]>([
    [
      'own port',
      { ROADSTEAD_PORT: '8080', ROADSTEAD_ROOT_DOMAIN: 'Example.COM' },
      { scheme: 'http', rootDomain: 'example.com', port: 8080 },
    ],
    ['the port of http', { ROADSTEAD_PORT: '80' }, { scheme: 'http', rootDomain: 'localhost', port: undefined }],
    ['a certificate', { ROADSTEAD_TLS_CERT: pem, ROADSTEAD_TLS_KEY: pem }, { scheme: 'https', rootDomain: 'localhost', port: 5000 }],
    [
      'a proxy in front',
      { ROADSTEAD_PUBLIC_URL: 'https://*.registry.example.com' },
      { scheme: 'https', rootDomain: 'registry.example.com', port: undefined },
    ],
    [
      'a proxy on its port',
      { ROADSTEAD_PUBLIC_URL: 'https://*.r.example.com:443/' },
      { scheme: 'https', rootDomain: 'r.example.com', port: undefined },
    ],
    [
      'a proxy on another port',
      { ROADSTEAD_PUBLIC_URL: 'http://*.localhost:8443' },
      { scheme: 'http', rootDomain: 'localhost', port: 8443 },
    ],
  ])('%s', (_kind, environment, expected) => {
    expect(readConfig(environment).publicAddress).toEqual(expected)
  })
})

describe('mistakes', () => {
  test('are named all at once', () => {
    const mistakes = mistakesOf({
      ROADSTEAD_PORT: 'http',
      ROADSTEAD_ROOT_DOMAIN: 'a_b',
      ROADSTEAD_TLS_CERT: '/nowhere/cert.pem',
      ROADSTEAD_BOOTSTRAP: 'only-one',
      DATABASE_URL: 'mysql://x',
      REDIS_URL: 'http://127.0.0.1',
      ROADSTEAD_STORAGE: 's3://user:password@bucket',
      ROADSTEAD_SERVICES: 'registry,portal',
      ROADSTEAD_WORKERS: '0',
    })
    expect(mistakes.map((mistake) => mistake.split(' ')[0])).toEqual([
      'ROADSTEAD_PORT',
      'ROADSTEAD_ROOT_DOMAIN',
      'ROADSTEAD_TLS_CERT',
      'ROADSTEAD_BOOTSTRAP',
      'DATABASE_URL',
      'REDIS_URL',
      'ROADSTEAD_STORAGE',
      'ROADSTEAD_SERVICES',
      'ROADSTEAD_WORKERS',
      'ROADSTEAD_TLS_KEY',
    ])
  })

  test.each<[string, Record<string, string>]>([
    ['a directory', { ROADSTEAD_ENTRA_AUTHORITY: 'https://login.example.com/x' }],
    ['an audience', { ROADSTEAD_ENTRA_AUDIENCE: 'api://x' }],
  ])('%s is refused, not ignored', (_kind, environment) => {
    expect(mistakesOf(environment)).toEqual([expect.stringContaining('not supported by this version')])
  })

  test.each<[string, Record<string, string>]>([
    ['a certificate without key', { ROADSTEAD_TLS_CERT: pem }],
    ['a key without certificate', { ROADSTEAD_TLS_KEY: pem }],
    ['two root domains', { ROADSTEAD_ROOT_DOMAIN: 'a.example', ROADSTEAD_PUBLIC_URL: 'https://*.b.example' }],
    ['a public address without star', { ROADSTEAD_PUBLIC_URL: 'https://registry.example.com' }],
    ['a public address with path', { ROADSTEAD_PUBLIC_URL: 'https://*.registry.example.com/v2' }],
    ['a public address with an impossible port', { ROADSTEAD_PUBLIC_URL: 'https://*.registry.example.com:70000' }],
    ['a hyphen in a registry', { ROADSTEAD_BOOTSTRAP: 'contoso/my-registry' }],
    ['three parts', { ROADSTEAD_BOOTSTRAP: 'contoso/my/registry' }],
    ['a label that is too long', { ROADSTEAD_BOOTSTRAP: `${'t'.repeat(40)}/${'r'.repeat(40)}` }],
    ['a storage on another host', { ROADSTEAD_STORAGE: 'file://host/dir' }],
    ['the root folder as storage', { ROADSTEAD_STORAGE: 'file:///' }],
    ['a bucket with credentials', { ROADSTEAD_STORAGE: 's3://name:secret@bucket' }],
    ['a bucket with an unknown option', { ROADSTEAD_STORAGE: 's3://bucket?colour=blue' }],
    ['an account without container', { ROADSTEAD_STORAGE: 'azure://account' }],
    ['a storage of another kind', { ROADSTEAD_STORAGE: 'ftp://host/dir' }],
    ['half of the keys of a bucket', { ROADSTEAD_STORAGE: 's3://bucket', AWS_ACCESS_KEY_ID: 'name' }],
    ['a key that is no base64', { AZURE_STORAGE_KEY: 'not a key' }],
    ['a Redis address with parameters', { REDIS_URL: 'redis://host?db=1' }],
    ['a service that there is not', { ROADSTEAD_SERVICES: 'registry,portal' }],
    ['a service without name', { ROADSTEAD_SERVICES: 'registry,' }],
    ['several processes that cannot share uploads', { ROADSTEAD_WORKERS: '2', DATABASE_URL: 'postgresql://host/db' }],
    ['a password with spaces', { ROADSTEAD_ADMIN_PASSWORD: 'a b' }],
    ['an unknown log level', { ROADSTEAD_LOG_LEVEL: 'loud' }],
  ])('%s', (_kind, environment) => {
    expect(mistakesOf(environment)).toHaveLength(1)
  })

  test('repeat no password', () => {
    const wrong = {
      ROADSTEAD_ADMIN_PASSWORD: 's3cret word',
      DATABASE_URL: 'mysql://a:s3cret@x',
      REDIS_URL: 'redis://a:s3cret@x?y=s3cret',
      ROADSTEAD_STORAGE: 's3://name:s3cret@bucket',
      AZURE_STORAGE_KEY: 's3cret!',
    }
    expect(mistakesOf(wrong)).toHaveLength(Object.keys(wrong).length)
    expect(mistakesOf(wrong).join()).not.toContain('s3cret')
    expect(mistakesOf({ ROADSTEAD_STORAGE: 'azure://name:s3cret@account' }).join()).not.toContain('s3cret')
  })
})

test('an empty bootstrap means no registry; an empty password means none given', () => {
  expect(readConfig({ ROADSTEAD_BOOTSTRAP: '', ROADSTEAD_ADMIN_PASSWORD: '' })).toMatchObject({
    firstRegistry: undefined,
    adminPassword: undefined,
  })
})

describe('processes', () => {
  const shared = { DATABASE_URL: 'postgresql://host/db', REDIS_URL: 'redis://host' }
  test.each<[string, Record<string, string>, number]>([
    ['everything embedded', {}, 1],
    ['a database alone', { DATABASE_URL: shared.DATABASE_URL }, 1],
    ['a Redis alone', { REDIS_URL: shared.REDIS_URL }, 1],
    ['both', shared, availableParallelism()],
    ['both, with nobody to answer', { ...shared, ROADSTEAD_SERVICES: 'worker' }, 1],
    ['as many as were asked for', { REDIS_URL: shared.REDIS_URL, ROADSTEAD_WORKERS: '3' }, 3],
  ])('%s', (_kind, environment, workers) => {
    expect(readConfig(environment).workers).toBe(workers)
  })
})

describe('storage', () => {
  test.each([
    'file:///var/lib/roadstead/blobs',
    's3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=us-east-1&pathStyle=true',
    'azure://account/container?endpoint=http://127.0.0.1:10000/account',
  ])('%s', (address) => {
    expect(readConfig({ ROADSTEAD_STORAGE: address }).storage).toBe(address)
  })

  test('keys come from the environment; without them the platform is asked', () => {
    const keys = { AWS_ACCESS_KEY_ID: 'name', AWS_SECRET_ACCESS_KEY: 'secret', AZURE_STORAGE_KEY: 'c2VjcmV0' }
    expect(readConfig(keys).storageCredentials).toEqual({
      s3: { accessKeyId: 'name', secretAccessKey: 'secret' },
      azure: { key: 'c2VjcmV0' },
    })
    expect(readConfig({}).storageCredentials).toEqual({})
  })
})

test('one service alone', () => {
  expect(readConfig({ ROADSTEAD_SERVICES: 'auth', ROADSTEAD_REDIRECT: 'off' })).toMatchObject({
    services: new Set(['auth']),
    redirects: false,
  })
})

test('names that look like settings and are none are told', () => {
  expect(unknownSettings({ ROADSTEAD_PROT: '1', ROADSTEAD_PORT: '1', HOME: '/' })).toEqual(['ROADSTEAD_PROT'])
})

test.each([
  ['10.0.0.1', ['10.0.0.1']],
  [' 10.0.0.0/8, fd00::/8 ', ['10.0.0.0/8', 'fd00::/8']],
])('trusted proxies %j', (text, read) => {
  expect(readConfig({ ROADSTEAD_TRUSTED_PROXIES: text }).trustedProxies).toEqual(read)
})

test.each(['proxy.example', '10.0.0.0/0', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.1,', '*', 'true'])('%j is no list of proxies', (text) => {
  expect(() => readConfig({ ROADSTEAD_TRUSTED_PROXIES: text })).toThrow('ROADSTEAD_TRUSTED_PROXIES')
})
