import { randomBytes } from 'node:crypto'
import type { Metadata } from '@roadstead/distribution/metadata.ts'
import type { AllFacts } from '@roadstead/metadata/metadata.ts'
import type { Registry, Repository } from '@roadstead/oci/registry.ts'
import { parseRepositoryName } from '@roadstead/oci/repository-name.ts'

/** A fresh registry of a tenant of its own. */
export async function testRegistry(
  metadata: AllFacts,
  wanted: { readonly storage?: string; readonly adminEnabled?: boolean } = {},
): Promise<Registry> {
  const { registry } = await metadata.ensureRegistry({
    tenant: `tenant${randomBytes(6).toString('hex')}`,
    name: 'registry',
    storage: wanted.storage ?? 'memory:',
    adminEnabled: wanted.adminEnabled ?? false,
  })
  return registry
}

/** A repository as a place; its row is made with `ensureRepository`. */
export function repositoryIn(registry: Registry, name: string): Repository {
  const parsed = parseRepositoryName(name)
  if (parsed === undefined) throw new Error(`${name} is not the name of a repository`)
  return { registry, name: parsed }
}

export async function ensureRepository(metadata: Metadata, registry: Registry, name: string): Promise<Repository> {
  const repository = repositoryIn(registry, name)
  await metadata.repositories.ensure(repository)
  return repository
}
