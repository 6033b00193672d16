import { parseRepositoryName } from '@roadstead/oci/repository-name.ts'
import type { Scope } from '@roadstead/oci/scope.ts'

/** The issuer that ACR's tokens name; the same for every registry, so it is the audience that tells registries apart. */
export const issuer = 'Azure Container Registry'

/** Seconds that an access token lives, as ACR's do. */
export const accessTokenLifetime = 75 * 60

/** What an access token says, in the form of ACR's, and `rid`: the id of the registry, which a later registry of that name does not have. */
export interface AccessClaims {
  readonly jti: string
  /** The principal's id. */
  readonly sub: string
  /** Seconds since 1970, like `exp` and `iat`. */
  readonly nbf: number
  readonly exp: number
  readonly iat: number
  readonly iss: typeof issuer
  /** The login server. */
  readonly aud: string
  readonly version: '1.0'
  readonly rid: number
  readonly grant_type: 'access_token'
  readonly access: readonly Scope[]
  readonly roles: readonly string[]
}

const times = (claims: Partial<AccessClaims>): readonly unknown[] => [claims.nbf, claims.exp, claims.iat]

/** Checks the shape only. Undefined for any other document, also for other kinds of token, whose `grant_type` differs (RFC 8725 §3.11). */
export function readAccessClaims(value: unknown): AccessClaims | undefined {
  if (!isObject(value)) return undefined
  const claims = value as Partial<AccessClaims>
  const sound =
    claims.iss === issuer &&
    claims.version === '1.0' &&
    claims.grant_type === 'access_token' &&
    [claims.aud, claims.sub, claims.jti].every((text) => typeof text === 'string' && text !== '') &&
    Number.isSafeInteger(claims.rid) &&
    times(claims).every((time) => typeof time === 'number' && Number.isSafeInteger(time) && time > 0) &&
    claims.exp! > claims.iat! &&
    claims.exp! > claims.nbf! &&
    claims.exp! - claims.iat! <= accessTokenLifetime &&
    Array.isArray(claims.roles) &&
    Array.isArray(claims.access) &&
    claims.access.every(isScope)
  return sound ? (claims as AccessClaims) : undefined
}

function isScope(value: unknown): value is Scope {
  if (!isObject(value)) return false
  const { type, name, actions, ...others } = value
  const named =
    type === 'registry'
      ? typeof name === 'string' && name !== ''
      : type === 'repository' && typeof name === 'string' && parseRepositoryName(name) !== undefined
  return (
    named &&
    Object.keys(others).length === 0 &&
    Array.isArray(actions) &&
    actions.length > 0 &&
    actions.every((action) => typeof action === 'string')
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
