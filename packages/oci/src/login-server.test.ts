import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { labelOfHost, parseHost, parseRegistryLabel, registryLabel, splitRegistryLabel } from './login-server.ts'

const label = 'myregistry-contoso'

/** What a request with this Host header reaches. */
function reached(header: string, rootDomain = 'localhost'): string | undefined {
  const host = parseHost(header)
  return host === undefined ? undefined : labelOfHost(host, rootDomain)
}

describe('a Host header', () => {
  test.each([
    `${label}.localhost`,
    `${label}.localhost:5000`,
    `${label}.localhost:80`,
    `${label}.localhost.`,
    `${label}.localhost.:5000`,
    'MYREGISTRY-CONTOSO.LOCALHOST',
    'MyRegistry-Contoso.LocalHost:443',
  ])('%s reaches the registry', (header) => expect(reached(header)).toBe(label))

  test.each([
    '',
    '.',
    ':',
    ':5000',
    'localhost',
    'localhost:5000',
    '.localhost',
    '-.localhost',
    'management.localhost',
    'xlocalhost',
    `${label}xlocalhost`,
    `${label}localhost`,
    `${label}.localhost.evil.com`,
    `${label}.localhost.evil.com:5000`,
    `${label}.evil.com`,
    `${label}.localhost..`,
    `${label}..localhost`,
    `x.${label}.localhost`,
    `${label}.x.localhost`,
    `${label}-more.localhost`,
    'myregistry--contoso.localhost',
    '-contoso.localhost',
    'myregistry-.localhost',
    'my_registry-contoso.localhost',
    'myregistry_contoso.localhost',
    'xn--myregistry-contoso.localhost',
    'xn--80ak6aa92e.localhost',
    `${label}.localhost:`,
    `${label}.localhost:port`,
    `${label}.localhost:123456`,
    `${label}.localhost:5000:5000`,
    `${label}.localhost:-1`,
    `${label}.localhost/`,
    `${label}.localhost?`,
    `${label}.localhost#`,
    `a@${label}.localhost`,
    `${label}.localhost\n`,
    `\n${label}.localhost`,
    ` ${label}.localhost`,
    `${label}.localhost, ${label}.localhost`,
    `${label}.localhost\0`,
    `${label}%2elocalhost`,
    `my\u212aegistry-contoso.localhost`,
    `\u212a-contoso.localhost`,
    `myregi\u017ftry-contoso.localhost`,
    `myregistry-contoso.local\u200bhost`,
    `myregistry-contoso\u3002localhost`,
    `мyregistry-contoso.localhost`,
    '127.0.0.1',
    '127.0.0.1:5000',
    '[::1]',
    '[::1]:5000',
    `[${label}.localhost]`,
  ])('%j reaches none', (header) => expect(reached(header)).toBeUndefined())

  test.each([
    ['localhost:5000', 'localhost'],
    ['127.0.0.1:5000', '127.0.0.1'],
    ['[::1]:5000', '[::1]'],
    ['[::FFFF:127.0.0.1]', '[::ffff:127.0.0.1]'],
    ['Management.Example.COM.', 'management.example.com'],
  ])('%s is the host %s', (header, host) => expect(parseHost(header)).toBe(host))

  test.each([
    '',
    ':80',
    '.',
    '[]',
    '[::1',
    '::1',
    '[::1]x',
    'a b',
    'é',
    '\u212a',
    'a_b',
    'a'.repeat(255),
    'a'.repeat(65_536),
    '.'.repeat(65_536),
    '['.repeat(65_536),
  ])('%j is no host', (header) => expect(parseHost(header)).toBeUndefined())

  test('never becomes ASCII by lower-casing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const host = parseHost(text)
        if (host !== undefined) expect(Buffer.byteLength(text)).toBe(text.length)
      }),
    )
  })

  test('works under a root domain of several labels', () => {
    expect(reached(`${label}.registry.example.com`, 'registry.example.com')).toBe(label)
    expect(reached(`${label}.example.com`, 'registry.example.com')).toBeUndefined()
    expect(reached(`${label}.evilregistry.example.com`, 'registry.example.com')).toBeUndefined()
    expect(reached(`${label}.registryxexample.com`, 'registry.example.com')).toBeUndefined()
  })
})

describe('a registry label', () => {
  test('is made of two names, in any case', () => {
    expect(registryLabel('MyRegistry', 'Contoso')).toBe(label)
    expect(splitRegistryLabel(registryLabel('MyRegistry', 'Contoso')!)).toEqual({ registry: 'myregistry', tenant: 'contoso' })
  })

  test.each([
    ['', 'contoso'],
    ['myregistry', ''],
    ['a-b', 'c'],
    ['a', 'b-c'],
    ['a_b', 'c'],
    ['a.b', 'c'],
    ['a', 'c.localhost'],
    ['\u212a', 'contoso'],
    ['myregistry', '\u212a'],
    ['İ', 'contoso'],
    ['regi\u017ftry', 'contoso'],
    ['a'.repeat(51), 'c'],
    ['a'.repeat(50), 'c'.repeat(13)],
    ['a', 'c'.repeat(62)],
    ['a\n', 'c'],
    ['a'.repeat(65_536), 'c'],
  ])('%j of %j makes none', (registry, tenant) => expect(registryLabel(registry, tenant)).toBeUndefined())

  test.each([
    ['a'.repeat(50), 'c'.repeat(12)],
    ['a', 'c'.repeat(61)],
    ['0', '0'],
  ])('%s of %s fits into 63 characters', (registry, tenant) => expect(registryLabel(registry, tenant)).toBe(`${registry}-${tenant}`))

  test.each(['A-b', 'a', '-', 'a-', '-b', 'a-b-c', 'a--b', 'a-b\n', 'a-b.c', 'ab'])('%j is none', (text) =>
    expect(parseRegistryLabel(text)).toBeUndefined(),
  )

  test('is split into the names that made it, so no two pairs share one', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,31}$/)
    fc.assert(
      fc.property(part, part, (registry, tenant) => {
        expect(splitRegistryLabel(registryLabel(registry, tenant)!)).toEqual({ registry, tenant })
      }),
    )
  })
})
