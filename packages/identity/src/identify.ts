import type { Registry } from '@roadstead/oci/registry.ts'
import { allows } from '@roadstead/oci/scope.ts'
import type { Scope } from '@roadstead/oci/scope.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { Authenticator } from './authenticator.ts'
import type { Authorizer } from './authorizer.ts'
import { parseBasicCredentials } from './basic-credentials.ts'
import { anonymous, principalOf } from './principal.ts'
import type { Principal } from './principal.ts'

/** Somebody known, and what they may do at one registry. */
export interface Access {
  /** The principal's id. */
  readonly principal: string
  /** Whether every action of the scope is allowed. */
  readonly allows: (needed: Scope) => Promise<boolean>
  /** Whether the principal would be given it in a new token, if it asked. */
  readonly couldGet: (needed: Scope) => Promise<boolean>
  /** The token was good and has ended. It only carries on an upload that was accepted before. */
  readonly expired: boolean
}

/**
 * Reads an Authorization header: a Bearer token, Basic credentials (az and acr-cli send the admin account's directly), or nothing, which is
 * the anonymous principal. Undefined: something was sent and it is not valid; that never falls back to anonymous (RFC 6750 §3.1).
 * Throws what `authenticate` and `verify` throw.
 */
export type Identify = (registry: Registry, header: string | undefined, address: string) => Promise<Access | undefined>

export interface IdentifyParts {
  readonly tokens: AccessTokens
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  /** The login server as tokens name it. */
  readonly loginServerOf: (registry: Registry) => string
  readonly now: () => Date
}

export function createIdentify({ tokens, authenticator, authorizer, loginServerOf, now }: IdentifyParts): Identify {
  const rightsOf = (registry: Registry, principal: Principal) => async (needed: Scope) =>
    holds(await authorizer.grant(registry, principal, [needed]), needed)

  return async (registry, header, address) => {
    const bearer = /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1]
    if (bearer !== undefined) {
      const token = await tokens.verify(bearer, { registry, loginServer: loginServerOf(registry), now: now() })
      if (token === undefined) return undefined
      const { principalId, scopes, expired } = token
      const principal = principalOf(registry, principalId)
      return {
        principal: principalId,
        allows: async (needed) => holds(scopes, needed),
        couldGet: async (needed) => principal !== undefined && (await rightsOf(registry, principal)(needed)),
        expired,
      }
    }
    const credentials = header === undefined ? undefined : parseBasicCredentials(header)
    const known = credentials && (await authenticator.authenticate(registry, { ...credentials, address }))
    const principal = header === undefined ? anonymous : known
    if (principal === undefined) return undefined
    const mayGet = rightsOf(registry, principal)
    return { principal: principal.id, allows: mayGet, couldGet: mayGet, expired: false }
  }
}

function holds(granted: readonly Scope[], { type, name, actions }: Scope): boolean {
  return actions.every((action) => allows(granted, type, name, action))
}
