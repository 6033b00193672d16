import { basicChallenge } from '@roadstead/http/challenge.ts'
import { contextOf, registryOf } from '@roadstead/http/request-context.ts'
import { anonymous } from '@roadstead/identity/principal.ts'
import type { Principal } from '@roadstead/identity/principal.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { Scope } from '@roadstead/oci/scope.ts'
import type { Request, Response } from 'express'
import type { AuthService, Handler } from '../auth-service.ts'
import { readForm } from '../form.ts'
import { readTokenForm, readTokenQuery } from '../token-request.ts'
import type { TokenRequest } from '../token-request.ts'

export const getToken: Handler = async (service, req, res) => {
  const request = readTokenQuery(queryOf(req), authorizationOf(req), loginServerOf(service, res))
  await answerToken(service, request, req, res)
}

export const postToken: Handler = async (service, req, res) => {
  const form = await readForm(req)
  const request = readTokenForm(form, queryOf(req), authorizationOf(req), loginServerOf(service, res))
  await answerToken(service, request, req, res)
}

async function answerToken(service: AuthService, request: TokenRequest, req: Request, res: Response): Promise<void> {
  const registry = registryOf(res)
  const loginServer = loginServerOf(service, res)
  const principal = await principalOfRequest(service, request, registry, req)
  if (principal === undefined) {
    throw basicChallenge(
      loginServer,
      `wrong user name or password for ${loginServer}, or an account that is disabled; the admin account is called like its registry`,
    )
  }
  contextOf(res).principal = principal.id
  const scopes = await service.authorizer.grant(registry, principal, request.scopes)
  if (principal === anonymous) refuseEmptyHanded(loginServer, scopes)
  const { token, expiresIn, issuedAt } = await service.tokens.issue({ registry, loginServer, principal, scopes, now: service.now() })
  res.setHeader('Cache-Control', 'no-store')
  // Clients differ in which of the two names they read. Without expires_in docker takes the token for one of a minute.
  res.json({ access_token: token, token, expires_in: expiresIn, issued_at: issuedAt.toISOString() })
}

async function principalOfRequest(
  service: AuthService,
  { proof }: TokenRequest,
  registry: Registry,
  req: Request,
): Promise<Principal | undefined> {
  if (proof === 'none') return anonymous
  if (proof === 'unreadable') return undefined
  return service.authenticator.authenticate(registry, { ...proof, address: req.ip ?? '' })
}

/**
 * Somebody known gets a token even if it holds less than was asked for, or nothing: that is how a login is checked. For nobody such a
 * token would look like a login that succeeded, and keep the client from asking for a password.
 */
function refuseEmptyHanded(loginServer: string, scopes: readonly Scope[]): void {
  if (scopes.length === 0) throw basicChallenge(loginServer, `authentication required: sign in to ${loginServer} first`)
}

function loginServerOf({ loginServers }: AuthService, res: Response): string {
  return loginServers.nameOf(registryOf(res).label)
}

function queryOf(req: Request): URLSearchParams {
  const mark = req.url.indexOf('?')
  return new URLSearchParams(mark < 0 ? '' : req.url.slice(mark + 1))
}

/** All of them: Node's `headers` shows the first and drops the others. */
function authorizationOf(req: Request): readonly string[] {
  return req.headersDistinct['authorization'] ?? []
}
