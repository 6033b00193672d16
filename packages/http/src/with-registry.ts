import { refuse } from '@roadstead/oci/errors.ts'
import type { RegistryLabel } from '@roadstead/oci/login-server.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { Request, RequestHandler } from 'express'
import type { LoginServers } from './login-servers.ts'
import { contextOf } from './request-context.ts'

/**
 * Finds the registry that the host name names, before anything else looks at the request. Every other host is refused; none falls
 * back to some registry.
 */
export function withRegistry(loginServers: LoginServers, find: (label: RegistryLabel) => Promise<Registry | undefined>): RequestHandler {
  return async (req, res, next) => {
    const label = loginServers.labelOf(hostOf(req))
    const registry = label === undefined ? undefined : await find(label)
    if (registry === undefined)
      refuse('NAME_UNKNOWN', 'no registry has this host name; a login server is <registry>-<tenant>.<root domain>')
    contextOf(res).registry = registry
    next()
  }
}

/** RFC 9112 §3.2: exactly one Host, and a target in absolute form wins over it; one that disagrees is refused rather than believed. */
function hostOf(req: Request): string {
  const hosts = req.headersDistinct['host'] ?? []
  const host = hosts[0]
  if (host === undefined || hosts.length > 1) return refuse('NAME_INVALID', 'the request has to name exactly one host')
  if (!req.url.startsWith('/')) refuse('NAME_INVALID', 'the request target has to be a path')
  return host
}
