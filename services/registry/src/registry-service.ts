import type { Ports } from '@roadstead/distribution/ports.ts'
import type { LoginServers } from '@roadstead/http/login-servers.ts'
import type { Registry, Repository } from '@roadstead/oci/registry.ts'
import type { Request, Response } from 'express'
import type { Admission } from './http/access.ts'
import type { createManifestReader } from './http/manifest-body.ts'

/** What all handlers share. Built once. */
export interface RegistryService {
  readonly ports: Ports
  readonly loginServers: LoginServers
  readonly admission: Admission
  /** Whether large blobs are fetched from the storage by the client itself, where the storage can give an address. */
  readonly redirects: boolean
  readonly readManifest: ReturnType<typeof createManifestReader>
}

/** A request that was read, routed and let in. */
export interface RegistryRequest {
  readonly req: Request
  readonly registry: Registry
  /** Of the registry; paths without a repository name do not use it. */
  readonly repository: Repository
  /** The last segment of the path: a tag, a digest or a session. */
  readonly last: string
  readonly query: URLSearchParams
  readonly principal: string
}

export type Handler = (service: RegistryService, request: RegistryRequest, res: Response) => Promise<void> | void
