import { bearerChallenge } from '@roadstead/http/challenge.ts'
import type { BearerError, Challenge } from '@roadstead/http/challenge.ts'
import type { LoginServers } from '@roadstead/http/login-servers.ts'
import type { Access, Identify } from '@roadstead/identity/identify.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { Scope } from '@roadstead/oci/scope.ts'
import type { Request } from 'express'

/** What a route asks for; without a scope, any valid credentials will do (the login check). */
export interface Requirement {
  readonly scope: Scope | undefined
  readonly acceptsExpired: boolean
}

/** Decides who comes in. Every refusal is a challenge, which tells the client which token to get. */
export interface Admission {
  /** Answers the principal's id. */
  admit(registry: Registry, req: Request, requirement: Requirement): Promise<string>
  /**
   * Whether a request that was admitted for `target` may read `source` as well. False where the principal could not get that right. Where
   * it could, and its token was only not asked for it, the challenge names both.
   */
  admitMount(registry: Registry, req: Request, target: Scope, source: Scope): Promise<boolean>
}

/**
 * A missing permission is a challenge as well, never 403: clients ask for a better token only on 401. Whether a repository exists plays no
 * part in any of it.
 */
export function createAdmission(loginServers: LoginServers, identify: Identify): Admission {
  const challenge = ({ label }: Registry, scopes: readonly Scope[], error: BearerError | undefined): Challenge =>
    bearerChallenge(loginServers.urlOf(label), loginServers.nameOf(label), scopes, error)
  const accessOf = async (registry: Registry, req: Request): Promise<Access | undefined> => {
    const [header, second] = req.headersDistinct['authorization'] ?? []
    // Of two, a proxy in front may have believed the other one.
    return second === undefined ? identify(registry, header, req.ip ?? '') : undefined
  }

  return {
    async admit(registry, req, { scope, acceptsExpired }) {
      const hasCredentials = req.headers.authorization !== undefined
      const scopes = scope === undefined ? [] : [scope]
      const access = await accessOf(registry, req)
      if (access === undefined || (access.expired && !acceptsExpired)) throw challenge(registry, scopes, 'invalid_token')
      // The login check without credentials has to fail, or no client would ever ask for a password.
      const isAllowed = scope === undefined ? hasCredentials : await access.allows(scope)
      if (!isAllowed) throw challenge(registry, scopes, hasCredentials ? 'insufficient_scope' : undefined)
      return access.principal
    },

    async admitMount(registry, req, target, source) {
      const access = await accessOf(registry, req)
      if (access === undefined || access.expired) return false
      if (await access.allows(source)) return true
      if (await access.couldGet(source)) throw challenge(registry, [target, source], 'insufficient_scope')
      return false
    },
  }
}
