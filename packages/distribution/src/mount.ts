import type { Digest } from '@roadstead/oci/digest.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { Ports } from './ports.ts'

/**
 * Links a blob of one repository into another of the same registry, without moving a byte (end-11). False where the source does not link it,
 * or its bytes are damaged: the client then uploads it, which repairs it.
 * The caller has made sure that the principal may pull from the source.
 */
export function mountBlob({ metadata }: Ports, from: Repository, to: Repository, digest: Digest): Promise<boolean> {
  return metadata.transaction(async (facts) => {
    // Asked first, so that a mount that fails leaves no empty repository behind.
    const blob = await facts.blobs.find(from, digest)
    if (blob === undefined || blob.damaged) return false
    await facts.repositories.ensure(to)
    return facts.blobs.mount(from, to, digest)
  })
}
