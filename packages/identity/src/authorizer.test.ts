import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { parseRegistryLabel } from '@roadstead/oci/login-server.ts'
import type { Registry, RegistryId } from '@roadstead/oci/registry.ts'
import { formatScope, parseScopes } from '@roadstead/oci/scope.ts'
import { createAuthorizer } from './authorizer.ts'
import { adminPrincipal, anonymous, principalOf } from './principal.ts'

const registry: Registry = {
  id: 7 as RegistryId,
  name: 'myregistry',
  tenant: 'contoso',
  label: parseRegistryLabel('myregistry-contoso')!,
  storage: '',
  adminEnabled: true,
  anonymousPull: false,
  createdAt: new Date(0),
}
const open: Registry = { ...registry, anonymousPull: true }
const { grant } = createAuthorizer()
const granted = async (at: Registry, kind: 'admin' | 'anonymous', ...asked: string[]): Promise<string[]> =>
  (await grant(at, kind === 'admin' ? adminPrincipal(at) : anonymous, parseScopes(asked))).map(formatScope)

describe('grant', () => {
  test.each([
    ['admin', registry, ['repository:a/b:pull,push'], ['repository:a/b:pull,push']],
    ['admin', registry, ['repository:a:pull,fly'], ['repository:a:pull']],
    ['admin', registry, ['repository:a:*'], []],
    ['admin', registry, ['repository:a:*,pull'], ['repository:a:pull']],
    ['admin', registry, ['repository:*:*'], []],
    ['admin', registry, ['registry:catalog:* repository:*:*'], ['registry:catalog:*']],
    ['admin', registry, ['registry:catalog:pull'], []],
    ['admin', registry, ['registry:None:*'], []],
    ['admin', registry, ['registry:deleted_catalog:*'], []],
    ['admin', registry, ['repository:a:delete,metadata_read,metadata_write'], ['repository:a:delete,metadata_read,metadata_write']],
    ['anonymous', registry, ['repository:a:pull'], []],
    ['anonymous', open, ['repository:a:pull,push'], ['repository:a:pull']],
    ['anonymous', open, ['repository:a:pull', 'repository:b:metadata_read'], ['repository:a:pull', 'repository:b:metadata_read']],
    ['anonymous', open, ['repository:a:push', 'registry:catalog:*'], []],
    ['anonymous', open, ['repository:a:delete,metadata_write'], []],
  ] as const)('%s at %p asks %p and gets %p', async (kind, at, asked, expected) => {
    expect(await granted(at, kind, ...asked)).toEqual(expected)
  })

  test('is exactly what was asked and is allowed', async () => {
    // Written out, independently of how the authorizer decides.
    const allowed: Readonly<Record<string, readonly string[]>> = {
      'admin repository': ['pull', 'push', 'delete', 'metadata_read', 'metadata_write'],
      'admin catalog': ['*'],
      'anonymous repository': ['pull', 'metadata_read'],
    }
    const action = fc.constantFrom('pull', 'push', 'delete', 'metadata_read', 'metadata_write', '*', 'deleted_read', 'constructor')
    const resource = fc.constantFrom('repository:a', 'repository:a/b', 'repository:ab', 'registry:catalog', 'registry:other')
    const scope = fc.tuple(resource, fc.uniqueArray(action, { minLength: 1 }))
    const who = fc.constantFrom('admin' as const, 'anonymous' as const)
    await fc.assert(
      fc.asyncProperty(who, fc.boolean(), fc.uniqueArray(scope, { selector: ([name]) => name }), async (kind, isOpen, asked) => {
        const expected = asked
          .map(([name, actions]) => {
            const [type, rest] = name.split(':')
            const may = kind === 'anonymous' && !isOpen ? [] : (allowed[`${kind} ${type === 'repository' ? type : rest}`] ?? [])
            return [name, actions.filter((each) => may.includes(each))] as const
          })
          .filter(([, actions]) => actions.length > 0)
          .map(([name, actions]) => `${name}:${actions.join(',')}`)
        const texts = asked.map(([name, actions]) => `${name}:${actions.join(',')}`)
        expect(await granted(isOpen ? open : registry, kind, ...texts)).toEqual(expected)
      }),
    )
  })
})

describe('principalOf', () => {
  test.each([
    ['admin:7', registry, 'admin'],
    ['admin:7', { ...registry, adminEnabled: false }, undefined],
    ['admin:8', registry, undefined],
    ['admin:', registry, undefined],
    ['anonymous', registry, undefined],
    ['anonymous', open, 'anonymous'],
    ['', open, undefined],
  ] as const)('%s at %p is %s', (id, at, kind) => {
    expect(principalOf(at, id)?.kind).toBe(kind)
  })
})
