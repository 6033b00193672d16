import type { Handler } from './auth-service.ts'
import { getKeys } from './handlers/keys.ts'
import { getToken, postToken } from './handlers/token.ts'

/** One line of the API. Nothing here needs a permission: these are the doors at which permissions are had. */
export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly path: string
  readonly handle: Handler
}

/** The whole of /oauth2. */
export const routes: readonly Route[] = [
  { method: 'GET', path: '/oauth2/token', handle: getToken },
  { method: 'HEAD', path: '/oauth2/token', handle: getToken },
  { method: 'POST', path: '/oauth2/token', handle: postToken },
  { method: 'GET', path: '/oauth2/keys', handle: getKeys },
  { method: 'HEAD', path: '/oauth2/keys', handle: getKeys },
]
