import { refuse } from '@roadstead/oci/errors.ts'
import { parseBasicCredentials } from '@roadstead/identity/basic-credentials.ts'
import type { BasicCredentials } from '@roadstead/identity/basic-credentials.ts'
import { parseHost } from '@roadstead/oci/login-server.ts'
import { parseScopes, scopeLimit } from '@roadstead/oci/scope.ts'
import type { Scope } from '@roadstead/oci/scope.ts'

/** What a token is asked for with. `unreadable`: something was sent as proof that cannot be one; never the same as having sent nothing. */
export type Proof = BasicCredentials | 'none' | 'unreadable'

export interface TokenRequest {
  readonly proof: Proof
  readonly scopes: readonly Scope[]
}

/** The request of docker, skopeo and podman: everything in the query, the password in the Authorization header. */
export function readTokenQuery(query: URLSearchParams, authorization: readonly string[], loginServer: string): TokenRequest {
  if (authorization.length > 1) malformed('the request has more than one Authorization header')
  const header = authorization[0]
  return { proof: header === undefined ? 'none' : (parseBasicCredentials(header) ?? 'unreadable'), scopes: readAsked([query], loginServer) }
}

/**
 * The request of Azure's clients and containerd: a form as RFC 6749 has it. Azure's SDK asks for an anonymous token with the password grant, an
 * empty refresh token and neither user name nor password.
 */
export function readTokenForm(
  form: URLSearchParams,
  query: URLSearchParams,
  authorization: readonly string[],
  loginServer: string,
): TokenRequest {
  if (authorization.length > 0) malformed('the credentials belong in the form, without an Authorization header')
  const scopes = readAsked([form, query], loginServer)
  const refreshToken = single(form, 'refresh_token')
  const [username, password] = [single(form, 'username'), single(form, 'password')]
  const grantType = single(form, 'grant_type')
  if (grantType === 'password') return { proof: refreshToken === '' ? proofOf(username, password) : 'unreadable', scopes }
  // None is given out, so whatever it is, it is not valid here.
  if (grantType === 'refresh_token') return { proof: 'unreadable', scopes }
  return malformed('grant_type has to be password or refresh_token')
}

function proofOf(username: string, password: string): Proof {
  if (username === '' && password === '') return 'none'
  return username.includes('\0') || password.includes('\0') ? 'unreadable' : { username, password }
}

/** Scopes may be repeated, joined by spaces, or both. The audience is the host that was asked; `service` may only agree with it. */
function readAsked(parameters: readonly [URLSearchParams, ...URLSearchParams[]], loginServer: string): readonly Scope[] {
  for (const service of parameters.flatMap((each) => each.getAll('service'))) {
    // az names the login server where the challenge said something else, so the port may differ.
    if (parseHost(service) !== parseHost(loginServer))
      malformed(`service is not ${loginServer}: this host gives out tokens for itself only`)
  }
  const scopes = parameters[0].getAll('scope')
  if (scopes.flatMap((scope) => scope.split(' ')).length > scopeLimit) malformed(`at most ${scopeLimit} scopes may be asked for at once`)
  return parseScopes(scopes)
}

/** RFC 6749 §3.2: a parameter without a value counts as omitted, and none may come twice. */
function single(form: URLSearchParams, name: string): string {
  const values = form.getAll(name)
  if (values.length > 1) malformed(`${name} is there more than once`)
  return values[0] ?? ''
}

/** 400: containerd then tries GET, every other client shows the message. */
function malformed(message: string): never {
  refuse('UNSUPPORTED', message, { reason: 'malformed' })
}
