import type { LoginServers } from '@roadstead/http/login-servers.ts'
import type { AccessTokens } from '@roadstead/identity/access-tokens.ts'
import type { Authenticator } from '@roadstead/identity/authenticator.ts'
import type { Authorizer } from '@roadstead/identity/authorizer.ts'
import { parseBasicCredentials } from '@roadstead/identity/basic-credentials.ts'
import { anonymous } from '@roadstead/identity/principal.ts'
import type { Principal } from '@roadstead/identity/principal.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import { allows } from '@roadstead/oci/scope.ts'
import type { Scope } from '@roadstead/oci/scope.ts'
import type { Access, Identify } from './access.ts'

export interface IdentifyParts {
  readonly accessTokens: AccessTokens
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly loginServers: LoginServers
  readonly now: () => Date
}

/**
 * Knows requests by their token, by a user name and password (az and acr-cli send them to the API itself), or, without a header, as
 * anonymous. Credentials that are there and wrong are never taken for anonymous.
 */
export function createIdentify({ accessTokens, authenticator, authorizer, loginServers, now }: IdentifyParts): Identify {
  const accessOf = (registry: Registry, principal: Principal): Access => ({
    principal: principal.id,
    expired: false,
    allows: async (needed) => covers(await authorizer.grant(registry, principal, [needed]), needed),
  })

  return async (registry, header, address) => {
    if (header === undefined) return accessOf(registry, anonymous)
    const token = /^Bearer +([^ ]+) *$/i.exec(header)?.[1]
    if (token !== undefined) {
      const verified = await accessTokens.verify(token, { registry, loginServer: loginServers.nameOf(registry.label), now: now() })
      if (verified === undefined) return undefined
      const { principalId, scopes, expired } = verified
      return { principal: principalId, expired, allows: (needed) => covers(scopes, needed) }
    }
    const credentials = parseBasicCredentials(header)
    const principal = credentials && (await authenticator.authenticate(registry, { ...credentials, address }))
    return principal && accessOf(registry, principal)
  }
}

function covers(granted: readonly Scope[], { type, name, actions }: Scope): boolean {
  return actions.every((action) => allows(granted, type, name, action))
}
