import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { allows, formatScope, parseScope, parseScopes, repositoryActions, scopeLimit } from './scope.ts'
import type { Scope } from './scope.ts'

const component = fc.stringMatching(/^[a-z0-9]{1,5}$/)
const name = fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
const action = fc.oneof(fc.constantFrom(...repositoryActions, '*'), fc.stringMatching(/^[a-z_]{1,6}$/))
const actions = fc.uniqueArray(action, { minLength: 1, maxLength: 4 })
const scope: fc.Arbitrary<Scope> = fc.oneof(
  fc.record({ type: fc.constant('repository' as const), name, actions }),
  fc.record({ type: fc.constant('registry' as const), name: fc.stringMatching(/^[a-z_]{1,8}$/), actions }),
)

describe('a scope', () => {
  test.each<[string, Scope]>([
    ['repository:team/app:pull', { type: 'repository', name: 'team/app', actions: ['pull'] }],
    ['repository:team/app:pull,push', { type: 'repository', name: 'team/app', actions: ['pull', 'push'] }],
    ['repository:a:pull,pull,push,pull', { type: 'repository', name: 'a', actions: ['pull', 'push'] }],
    ['repository:a:*', { type: 'repository', name: 'a', actions: ['*'] }],
    ['repository:a:,pull,,PUSH,de lete,x-y', { type: 'repository', name: 'a', actions: ['pull'] }],
    ['repository:a:metadata_read,metadata_write', { type: 'repository', name: 'a', actions: ['metadata_read', 'metadata_write'] }],
    ['registry:catalog:*', { type: 'registry', name: 'catalog', actions: ['*'] }],
  ])('%s is one', (text, expected) => expect(parseScope(text)).toEqual(expected))

  test.each([
    '',
    ':',
    '::',
    'repository',
    'repository:',
    'repository:a',
    'repository::pull',
    ':a:pull',
    'repository:a:',
    'repository:a:,',
    'repository:a:PULL',
    'repository:A:pull',
    'repository:a//b:pull',
    'repository:../a:pull',
    'repository:a*:pull',
    'repository:*:pull',
    'repository:host.example:5000/a:pull',
    'repository(plugin):a:pull',
    'Repository:a:pull',
    'artifact-repository:a:pull',
    'registry:None:*',
    'registry:cata log:*',
    'registry:catalog',
    'constructor:a:pull',
    'repository:a:pull\n',
  ])('%j grants nothing', (text) => expect(parseScope(text)).toBeUndefined())

  test('can be written and read again', () => {
    fc.assert(fc.property(scope, (one) => expect(parseScope(formatScope(one))).toEqual(one)))
  })

  test('is read from any text without an accident, and never grants what the text does not say', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), scope.map(formatScope)), (text) => {
        const parsed = parseScope(text)
        if (parsed === undefined) return
        expect(text.startsWith(`${parsed.type}:${parsed.name}:`)).toBe(true)
        for (const each of parsed.actions) expect(text.slice(parsed.type.length + parsed.name.length + 2).split(',')).toContain(each)
      }),
    )
    for (const part of [':', 'repository:', 'a,', ',', 'repository:a:pull,']) parseScopes([part.repeat(65_536 / part.length)])
  })
})

describe('the scopes of a request', () => {
  const one: Scope = { type: 'repository', name: 'a', actions: ['pull', 'push'] }
  const other: Scope = { type: 'repository', name: 'b', actions: ['pull'] }

  test.each([
    [['repository:a:pull,push repository:b:pull']],
    [['repository:a:pull,push', 'repository:b:pull']],
    [['repository:a:pull  repository:a:push', 'repository:b:pull']],
    [['repository:a:pull repository:b:pull', 'nonsense', '', 'repository:a:push,pull']],
  ])('%j: repeated, joined or both', (parameters) => {
    expect(parseScopes(parameters)).toEqual([one, other])
  })

  test('none are none', () => {
    expect(parseScopes([])).toEqual([])
    expect(parseScopes([''])).toEqual([])
  })

  test('a repository and a registry of the same name stay apart', () => {
    expect(parseScopes(['registry:catalog:* repository:catalog:pull'])).toHaveLength(2)
  })

  test('are no more than the limit', () => {
    const many = Array.from({ length: scopeLimit + 10 }, (_, index) => `repository:r${index}:pull`)
    expect(parseScopes(many)).toHaveLength(scopeLimit)
    expect(parseScopes([many.join(' ')])).toHaveLength(scopeLimit)
  })
})

describe('what granted scopes allow', () => {
  const granted = parseScopes(['repository:team/app:pull', 'repository:star:*', 'registry:catalog:*'])

  test.each<[Scope['type'], string, string, boolean]>([
    ['repository', 'team/app', 'pull', true],
    ['repository', 'team/app', 'push', false],
    ['repository', 'team/app', 'pul', false],
    ['repository', 'team', 'pull', false],
    ['repository', 'team/app/x', 'pull', false],
    ['repository', 'team/ap', 'pull', false],
    ['registry', 'team/app', 'pull', false],
    ['repository', 'star', '*', true],
    ['repository', 'star', 'pull', false],
    ['registry', 'catalog', '*', true],
    ['repository', 'catalog', '*', false],
  ])('%s %s %s: %s', (type, name_, action_, expected) => expect(allows(granted, type, name_, action_)).toBe(expected))
})
