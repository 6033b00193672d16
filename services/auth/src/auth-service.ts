import type { AccessTokens } from '@roadstead/identity/access-tokens.ts'
import type { Authenticator } from '@roadstead/identity/authenticator.ts'
import type { Authorizer } from '@roadstead/identity/authorizer.ts'
import type { SigningKeys } from '@roadstead/identity/signing-keys.ts'
import type { LoginServers } from '@roadstead/http/login-servers.ts'
import type { Request, Response } from 'express'

/** What all handlers share. Built once. */
export interface AuthService {
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly tokens: AccessTokens
  readonly keys: SigningKeys
  readonly loginServers: LoginServers
  readonly now: () => Date
}

export type Handler = (service: AuthService, req: Request, res: Response) => Promise<void>
