import { contextOf } from '@roadstead/http/request-context.ts'
import { refuse } from '@roadstead/oci/errors.ts'
import type { RequestHandler } from 'express'
import type { AuthService } from './auth-service.ts'
import { routes } from './routes.ts'

const routesByPath = Map.groupBy(routes, (route) => route.path)

/** Serves /oauth2 of the registry that `withRegistry` found. Passes on what lies outside. */
export function createAuthApp(service: AuthService): RequestHandler {
  return async (req, res, next) => {
    const path = req.url.split('?', 1)[0]!
    if (path !== '/oauth2' && !path.startsWith('/oauth2/')) return next()
    const candidates = routesByPath.get(path) ?? refuse('UNSUPPORTED', 'nothing answers at this path', { reason: 'no such path' })
    contextOf(res).route = path
    const route = candidates.find(({ method }) => method === req.method)
    if (route === undefined) {
      res.setHeader('Allow', candidates.map(({ method }) => method).join(', '))
      refuse('UNSUPPORTED', `${req.method} means nothing at this path`)
    }
    return route.handle(service, req, res)
  }
}
