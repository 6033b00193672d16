import { refuse } from '@roadstead/oci/errors.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { Scope } from '@roadstead/oci/scope.ts'
import { accessTokenLifetime, issuer, readAccessClaims } from './access-claims.ts'
import type { AccessClaims } from './access-claims.ts'
import { principalOf } from './principal.ts'
import type { Principal } from './principal.ts'
import { createRecent } from './recent.ts'
import { signClaims, tokenLengthLimit, verifyClaims } from './signed-claims.ts'
import type { SigningKeys } from './signing-keys.ts'

/** Seconds by which two clocks may differ. */
const leeway = 60
/** Seconds after its end during which a token still says whose upload it began. */
const afterlife = 24 * 60 * 60

export interface IssuedToken {
  readonly token: string
  /** Seconds. */
  readonly expiresIn: number
  readonly issuedAt: Date
}

export interface VerifiedToken {
  readonly principalId: string
  readonly scopes: readonly Scope[]
  readonly expiresAt: Date
  /**
   * The token was good and has ended, less than 24 hours ago. It only carries on an upload that was accepted before; for everything
   * else it is no token.
   */
  readonly expired: boolean
}

export interface AccessTokens {
  /** Throws UNSUPPORTED where the scopes would make a token longer than clients can send, and `Unavailable` without a signing key. */
  issue(grant: {
    readonly registry: Registry
    readonly loginServer: string
    readonly principal: Principal
    readonly scopes: readonly Scope[]
    readonly now: Date
  }): Promise<IssuedToken>
  /**
   * What the token allows at this registry; undefined for every text that is not a token for it. Throws `Unavailable` where that cannot be
   * told. A principal that the registry no longer lets in has no token from that moment on.
   */
  verify(
    token: string,
    at: { readonly registry: Registry; readonly loginServer: string; readonly now: Date },
  ): Promise<VerifiedToken | undefined>
}

export interface AccessTokenParts {
  readonly keys: SigningKeys
  /** Gives a new id each time. */
  readonly newId: () => string
}

interface Genuine {
  readonly claims: AccessClaims
  readonly live: VerifiedToken
  readonly ended: VerifiedToken
}

export function createAccessTokens({ keys, newId }: AccessTokenParts): AccessTokens {
  // Keyed by the token itself: its hash would cost more than the look-up, and it arrives in memory anyway. About 1.5 kB an entry,
  // so 15 MB when full; the weight bounds it where tokens are long.
  const genuine = createRecent<Genuine>({ entries: 10_000, weight: 16 * 1024 * 1024, weigh: (token) => token.length })

  const check = async (token: string): Promise<Genuine | undefined> => {
    const claims = readAccessClaims(await verifyClaims(token, keys.find))
    return claims === undefined ? undefined : describe(claims)
  }

  return {
    async issue({ registry, loginServer, principal, scopes, now }) {
      const claims = claimsFor(registry, loginServer, principal, scopes, { id: newId(), now })
      const token = signClaims(claims, await keys.current())
      if (token.length > tokenLengthLimit)
        refuse('UNSUPPORTED', 'a token for all these scopes would be too long, ask for fewer at a time', { reason: 'malformed' })
      return { token, expiresIn: accessTokenLifetime, issuedAt: new Date(claims.iat * 1000) }
    },
    async verify(token, { registry, loginServer, now }) {
      const known = genuine.get(token)
      const found = known ?? (await check(token))
      if (found === undefined || !isFor(found.claims, registry, loginServer)) return undefined
      const { claims } = found
      const time = now.getTime() / 1000
      if (claims.nbf > time + leeway || claims.iat > time + leeway) return undefined
      if (time < claims.exp + leeway) {
        if (known === undefined) genuine.set(token, found)
        return found.live
      }
      genuine.delete(token)
      return time < claims.exp + afterlife ? found.ended : undefined
    },
  }
}

function claimsFor(
  registry: Registry,
  loginServer: string,
  principal: Principal,
  scopes: readonly Scope[],
  { id, now }: { readonly id: string; readonly now: Date },
): AccessClaims {
  const seconds = Math.floor(now.getTime() / 1000)
  return {
    jti: id,
    sub: principal.id,
    nbf: seconds,
    exp: seconds + accessTokenLifetime,
    iat: seconds,
    iss: issuer,
    aud: loginServer,
    version: '1.0',
    rid: registry.id,
    grant_type: 'access_token',
    access: scopes,
    roles: [],
  }
}

/** One issuer and one set of keys serve all registries: audience and registry id are the wall between them, so both have to match. */
function isFor(claims: AccessClaims, registry: Registry, loginServer: string): boolean {
  return (
    claims.aud === loginServer &&
    claims.rid === registry.id &&
    claims.iat >= registry.createdAt.getTime() / 1000 - leeway &&
    principalOf(registry, claims.sub) !== undefined
  )
}

function describe(claims: AccessClaims): Genuine {
  const live = { principalId: claims.sub, scopes: claims.access, expiresAt: new Date(claims.exp * 1000), expired: false }
  return { claims, live, ended: { ...live, expired: true } }
}
