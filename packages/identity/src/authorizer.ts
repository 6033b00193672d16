import { repositoryActions } from '@roadstead/oci/scope.ts'
import type { Scope } from '@roadstead/oci/scope.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { Principal } from './principal.ts'

export interface Authorizer {
  /**
   * What the principal gets of what it asks for: never more than either asked or allowed, in the order asked. Resources of which
   * nothing is granted are left out. `*` stands for all actions of a repository nowhere: asked for, it grants nothing.
   */
  grant(registry: Registry, principal: Principal, requested: readonly Scope[]): Promise<readonly Scope[]>
}

const everything: ReadonlySet<string> = new Set(repositoryActions)
const reading: ReadonlySet<string> = new Set(['pull', 'metadata_read'])
const listing: ReadonlySet<string> = new Set(['*'])
const nothing: ReadonlySet<string> = new Set()

export function createAuthorizer(): Authorizer {
  return {
    grant: async (registry, principal, requested) =>
      requested
        .map((scope) => ({ ...scope, actions: intersection(scope.actions, allowedActions(registry, principal, scope)) }))
        .filter((scope) => scope.actions.length > 0),
  }
}

function allowedActions(registry: Registry, principal: Principal, scope: Scope): ReadonlySet<string> {
  if (principal.kind === 'admin') {
    if (scope.type === 'repository') return everything
    // The catalog names what is private, so only the admin lists it. Its one action is literally called `*`.
    return scope.name === 'catalog' ? listing : nothing
  }
  return registry.anonymousPull && scope.type === 'repository' ? reading : nothing
}

function intersection(asked: readonly string[], allowed: ReadonlySet<string>): readonly string[] {
  return [...new Set(asked)].filter((action) => allowed.has(action))
}
