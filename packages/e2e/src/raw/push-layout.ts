import { hasBlob, readBlob } from '../images/layout.ts'
import type { Descriptor, Layout } from '../images/layout.ts'
import type { RawRepository } from './repository.ts'

interface Manifest {
  readonly config?: Descriptor
  readonly layers?: readonly Descriptor[]
  readonly manifests?: readonly Descriptor[]
}

/** Pushes a layout byte for byte: what a client would re-encode arrives as it is. Foreign layers stay out, as with docker. */
export async function pushLayout(repository: RawRepository, layout: Layout): Promise<void> {
  await pushManifest(repository, layout, layout.top, layout.tag)
}

async function pushManifest(repository: RawRepository, layout: Layout, descriptor: Descriptor, reference: string): Promise<void> {
  const bytes = readBlob(layout, descriptor.digest)
  const manifest = JSON.parse(bytes.toString()) as Manifest
  for (const child of manifest.manifests ?? []) await pushManifest(repository, layout, child, child.digest)
  for (const blob of [manifest.config, ...(manifest.layers ?? [])]) {
    if (blob !== undefined && hasBlob(layout, blob.digest)) await repository.pushBlob(readBlob(layout, blob.digest))
  }
  await repository.pushManifest(reference, bytes, descriptor.mediaType)
}
