import type { Registry } from '@roadstead/oci/registry.ts'
import { walkRegistries } from './all-registries.ts'
import type { Ports } from './ports.ts'

const batch = 500

/**
 * Removes the bytes of blobs that were deleted longer ago than `retention` milliseconds, in all registries. The rows went before, so nobody
 * can ask for them; until then a backup that still names them finds them. Two that sweep at once remove the same, which does no harm.
 * Answers how many locations were freed.
 */
export async function sweepDeleted(
  ports: Pick<Ports, 'metadata' | 'blobStore' | 'onBackgroundError'>,
  retention: number,
  signal?: AbortSignal,
): Promise<number> {
  let freed = 0
  for await (const registry of walkRegistries((after) => ports.metadata.deletions.registries(retention, after, batch))) {
    try {
      freed += await sweepRegistry(ports, registry, retention, signal)
    } catch (error) {
      // The storage of one registry may be away while those of the others answer.
      ports.onBackgroundError(error)
    }
    if (signal?.aborted === true) break
  }
  return freed
}

async function sweepRegistry(
  { metadata, blobStore }: Pick<Ports, 'metadata' | 'blobStore'>,
  registry: Registry,
  retention: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let freed = 0
  for (;;) {
    const locations = await metadata.deletions.due(registry, retention, batch)
    if (locations.length === 0 || signal?.aborted === true) return freed
    await blobStore(registry).delete(locations)
    await metadata.deletions.forget(registry, locations)
    freed += locations.length
  }
}
