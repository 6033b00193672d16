import type { RegistryLabel } from '@roadstead/oci/login-server.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { Ports } from './ports.ts'

/** How long a registry's facts may be used after they were read, in milliseconds: the time in which a change of it reaches all replicas. */
const freshFor = 1000

/** Most registries remembered; about 1 kB each. */
const limit = 10_000

/**
 * Finds registries by label for every request, so that resolving the host name costs no statement of its own under load. Only what exists
 * is remembered: a new registry answers at once, and asking for names that do not exist fills nothing.
 */
export function createRegistryDirectory({
  metadata,
  now,
}: Pick<Ports, 'metadata' | 'now'>): (label: RegistryLabel) => Promise<Registry | undefined> {
  const known = new Map<RegistryLabel, { readonly registry: Registry; readonly until: number }>()
  return async (label) => {
    const entry = known.get(label)
    const time = now().getTime()
    if (entry !== undefined && time < entry.until) return entry.registry
    const registry = await metadata.registries.find(label)
    known.delete(label)
    if (registry === undefined) return undefined
    known.set(label, { registry, until: time + freshFor })
    if (known.size > limit) known.delete(known.keys().next().value!)
    return registry
  }
}
