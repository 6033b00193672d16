import { RegistryError } from '@roadstead/oci/errors.ts'
import { formatScope } from '@roadstead/oci/scope.ts'
import type { Scope } from '@roadstead/oci/scope.ts'

/** A 401, with the header that tells the client how to go on. */
export class Challenge extends RegistryError {
  /** Value of WWW-Authenticate. */
  readonly header: string

  constructor(header: string, message: string, detail?: unknown) {
    super('UNAUTHORIZED', message, { detail })
    this.header = header
  }
}

/**
 * RFC 6750 §3. `invalid_token`: get a new one. `insufficient_scope`: the token is genuine but does not open this; skopeo and podman
 * ask for the scope named here only when they read this word.
 */
export type BearerError = 'invalid_token' | 'insufficient_scope'

/** No space behind the commas: az splits the header at spaces, and would lose all parameters but the first. */
export function bearerChallenge(
  loginServerUrl: string,
  service: string,
  scopes: readonly Scope[],
  error: BearerError | undefined,
): Challenge {
  const parameters = [`realm="${loginServerUrl}/oauth2/token"`, `service="${service}"`]
  if (scopes.length > 0) parameters.push(`scope="${scopes.map(formatScope).join(' ')}"`)
  if (error !== undefined) parameters.push(`error="${error}"`)
  const detail = scopes.flatMap(({ type, name, actions }) => actions.map((action) => ({ Type: type, Name: name, Action: action })))
  return new Challenge(`Bearer ${parameters.join(',')}`, messages[error ?? 'none'], scopes.length === 0 ? undefined : detail)
}

export function basicChallenge(service: string, message: string): Challenge {
  return new Challenge(`Basic realm="${service}",charset="UTF-8"`, message)
}

const messages = {
  none: 'authentication required',
  invalid_token: 'the token is not valid here, or no longer valid; log in again',
  insufficient_scope: 'the token does not permit this',
} as const
