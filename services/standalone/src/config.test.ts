import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
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
    storage: 'embedded:blobs',
    storageFolder: resolve('data/blobs'),
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
      REDIS_URL: 'redis://127.0.0.1',
      ROADSTEAD_STORAGE: 's3://bucket',
    })
    expect(mistakes.map((mistake) => mistake.split(' ')[0])).toEqual([
      'ROADSTEAD_PORT',
      'ROADSTEAD_ROOT_DOMAIN',
      'ROADSTEAD_TLS_CERT',
      'ROADSTEAD_BOOTSTRAP',
      'DATABASE_URL',
      'REDIS_URL',
      'ROADSTEAD_STORAGE',
      'ROADSTEAD_TLS_KEY',
    ])
  })

  test.each<[string, Record<string, string>]>([
    ['Redis', { REDIS_URL: 'redis://x' }],
    ['S3', { ROADSTEAD_STORAGE: 's3://bucket/prefix' }],
    ['Azure', { ROADSTEAD_STORAGE: 'azure://account/container' }],
    ['several processes', { ROADSTEAD_WORKERS: '2' }],
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
    ['a password with spaces', { ROADSTEAD_ADMIN_PASSWORD: 'a b' }],
    ['an unknown log level', { ROADSTEAD_LOG_LEVEL: 'loud' }],
  ])('%s', (_kind, environment) => {
    expect(mistakesOf(environment)).toHaveLength(1)
  })

  test('repeat no password', () => {
    expect(mistakesOf({ ROADSTEAD_ADMIN_PASSWORD: 's3cret word', DATABASE_URL: 'mysql://a:s3cret@x' }).join()).not.toContain('s3cret')
  })
})

test('an empty bootstrap means no registry; an empty password means none given', () => {
  expect(readConfig({ ROADSTEAD_BOOTSTRAP: '', ROADSTEAD_ADMIN_PASSWORD: '' })).toMatchObject({
    firstRegistry: undefined,
    adminPassword: undefined,
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
