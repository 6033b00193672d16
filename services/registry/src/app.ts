import { contextOf, registryOf } from '@roadstead/http/request-context.ts'
import { refuse } from '@roadstead/oci/errors.ts'
import type { RepositoryName } from '@roadstead/oci/repository-name.ts'
import type { Scope } from '@roadstead/oci/scope.ts'
import type { RequestHandler, Response } from 'express'
import { parsePath } from './http/parse-path.ts'
import type { ParsedPath } from './http/parse-path.ts'
import type { RegistryService } from './registry-service.ts'
import { continuesUpload, routes } from './routes.ts'
import type { Route } from './routes.ts'

const routesByPath = Map.groupBy(routes, (route) => route.path)

/** Serves /v2 of the registry that `withRegistry` found. Passes on what lies outside. */
export function createRegistryApp(service: RegistryService): RequestHandler {
  return async (req, res, next) => {
    const [path, query] = splitTarget(req.url)
    if (path !== '/v2' && !path.startsWith('/v2/')) return next()
    res.setHeader('Docker-Distribution-Api-Version', 'registry/2.0')
    const parsed = parsePath(path) ?? refuse('UNSUPPORTED', 'nothing answers at this path', { reason: 'no such path' })
    const route = routeOf(parsed, req.method, res)
    const context = contextOf(res)
    context.route = route.path
    if (parsed.name !== undefined) context.repository = parsed.name
    const registry = registryOf(res)
    const requirement = { scope: scopeOf(route, parsed), acceptsExpired: continuesUpload(route) }
    const principal = await service.admission.admit(registry, req, requirement)
    context.principal = principal
    // Answers differ by who asks; no shared cache may keep them.
    res.setHeader('Cache-Control', 'private, no-store')
    res.setHeader('Vary', 'Authorization, Accept')
    const repository = { registry, name: parsed.name ?? ('' as RepositoryName) }
    return route.handle(service, { req, registry, repository, last: parsed.last, query: new URLSearchParams(query), principal }, res)
  }
}

function splitTarget(target: string): readonly [string, string] {
  const mark = target.indexOf('?')
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)]
}

function routeOf(parsed: ParsedPath, method: string, res: Response): Route {
  const candidates = routesByPath.get(parsed.template) ?? []
  const route = candidates.find((candidate) => candidate.method === method)
  if (route !== undefined) return route
  res.setHeader('Allow', candidates.map((candidate) => candidate.method).join(', '))
  return refuse('UNSUPPORTED', `${method} means nothing at this path`)
}

function scopeOf({ needs }: Route, { name }: ParsedPath): Scope | undefined {
  if (needs === 'credentials') return undefined
  return needs === 'catalog' ? { type: 'registry', name: 'catalog', actions: ['*'] } : { type: 'repository', name: name!, actions: needs }
}
