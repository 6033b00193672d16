import type { Registry } from '@roadstead/oci/registry.ts'
import { allRegistries } from './all-registries.ts'
import type { Ports } from './ports.ts'
import { orphanAge } from './sweep.ts'
import { verifyBlobs } from './verify-blobs.ts'
import type { BlobCheck } from './verify-blobs.ts'
import type { Finding } from './verify-finding.ts'
import { verifyManifests, verifyTags } from './verify-manifests.ts'
import { noProgress } from './verify-progress.ts'
import type { VerifyProgress } from './verify-progress.ts'

export interface VerifyOptions extends Partial<Pick<BlobCheck, 'concurrency' | 'deep' | 'grace' | 'mark' | 'sizeLimit'>> {
  /** Only this one; otherwise all. */
  readonly registry?: Registry
  /** Called often: after each page, and after each piece of a blob that was read. */
  readonly onProgress?: (progress: VerifyProgress) => void
  readonly signal?: AbortSignal
}

/** Bytes that no row names are swept a day after they are old enough. Milliseconds. */
export const verifyGrace = orphanAge + 24 * 60 * 60 * 1000

/**
 * Compares rows with each other and with the bytes, while the registry is in use, and yields what does not fit. Goes page by page: memory
 * does not grow with the number of rows, nor with the size of blobs. Throws `Unavailable` where the database or the storage does not answer.
 */
export async function* verify(ports: Pick<Ports, 'metadata' | 'blobStore' | 'now'>, options: VerifyOptions = {}): AsyncGenerator<Finding> {
  const { registry: only, onProgress, deep = false, concurrency = 4, grace = verifyGrace, sizeLimit = 2_000_000, mark = false } = options
  const counts = noProgress()
  const tell = (): void => onProgress?.(counts)
  for await (const registry of only === undefined ? allRegistries(ports) : [only]) {
    counts.registry = registry.label
    const shared = { ports, registry, counts, onProgress: tell, signal: options.signal }
    for (const findings of [
      verifyTags(shared),
      verifyManifests(shared),
      verifyBlobs({ ...shared, ports, deep, concurrency, grace, sizeLimit, mark }),
    ]) {
      for await (const finding of findings) {
        counts.findings++
        yield finding
      }
    }
    counts.registries++
    tell()
  }
}
