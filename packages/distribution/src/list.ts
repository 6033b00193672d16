import type { Descriptor } from '@roadstead/oci/descriptor.ts'
import type { Digest } from '@roadstead/oci/digest.ts'
import type { Registry, Repository } from '@roadstead/oci/registry.ts'
import type { RepositoryName } from '@roadstead/oci/repository-name.ts'
import type { Tag } from '@roadstead/oci/tag.ts'
import type { Page } from './metadata.ts'
import type { Ports } from './ports.ts'
import { refuseUnknownRepository } from './pull.ts'

/** Most entries of one page, whatever the client asks for, and what it gets when it does not ask: not every client follows links. */
export const pageLimit = 1000

/** Most referrers in one answer. */
export const referrersPageSize = 200

/** Tags by ascending bytes, greater than `after` (end-8). Throws NAME_UNKNOWN. */
export async function listTags(ports: Ports, repository: Repository, after: string, size: number): Promise<Page<Tag>> {
  const page = await pageOf(size, (limit) => ports.metadata.tags.list(repository, after, limit))
  if (page.entries.length === 0) await refuseUnknownRepository(ports, repository)
  return page
}

/** Names of repositories that ever held a manifest, by ascending bytes, greater than `after`. */
export function listRepositories({ metadata }: Ports, registry: Registry, after: string, size: number): Promise<Page<RepositoryName>> {
  return pageOf(size, (limit) => metadata.repositories.list(registry, after, limit))
}

/** Referrers by ascending digest, greater than `after` (end-12). A subject that nobody pushed has none; that is no error. */
export function listReferrers(
  { metadata }: Ports,
  repository: Repository,
  subject: Digest,
  artifactType: string | undefined,
  after: Digest | undefined,
): Promise<Page<Descriptor>> {
  return metadata.referrers.list(repository, subject, artifactType, after, referrersPageSize)
}

/** Asks for one entry more than the page holds: whether there is a next page costs no second statement. */
async function pageOf<Entry>(size: number, ask: (limit: number) => Promise<readonly Entry[]>): Promise<Page<Entry>> {
  if (size === 0) return { entries: [], more: false }
  const found = await ask(size + 1)
  return { entries: found.slice(0, size), more: found.length > size }
}
