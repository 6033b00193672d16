import type { IncomingMessage } from 'node:http'
import { bearerChallenge } from '@roadstead/http/challenge.ts'
import type { BearerError } from '@roadstead/http/challenge.ts'
import type { LoginServers } from '@roadstead/http/login-servers.ts'
import type { Identify } from '@roadstead/identity/identify.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { Scope } from '@roadstead/oci/scope.ts'

/** What a route asks for; undefined: any valid credentials will do (the login check). */
export interface Requirement {
  readonly scope: Scope | undefined
  readonly acceptsExpired: boolean
}

export type Admit = (registry: Registry, req: IncomingMessage, requirement: Requirement) => Promise<string>

/**
 * Lets a request in and answers its principal, or throws the challenge that tells the client which token to get. A missing permission is a
 * challenge as well, never 403: clients ask for a better token only on 401. Whether the repository exists plays no part in it.
 */
export function createAdmit(loginServers: LoginServers, identify: Identify): Admit {
  return async (registry, req, { scope, acceptsExpired }) => {
    const header = req.headers.authorization
    const challenge = (error?: BearerError) =>
      bearerChallenge(loginServers.urlOf(registry.label), loginServers.nameOf(registry.label), scope, error)
    const access = await identify(registry, header, req.socket.remoteAddress ?? '')
    if (access === undefined || (access.expired && !acceptsExpired)) throw challenge('invalid_token')
    // The login check without credentials has to fail, or no client would ever ask for a password.
    const isAllowed = scope === undefined ? header !== undefined : await access.allows(scope)
    if (!isAllowed) throw challenge(header === undefined ? undefined : 'insufficient_scope')
    return access.principal
  }
}
