import { createHash } from 'node:crypto'
import type { Descriptor } from '@roadstead/oci/descriptor.ts'

/** The stored form of an entry of the referrers list: exactly what the list shows. */
export function referrerEntry({ mediaType, digest, size, artifactType, annotations }: Descriptor): Buffer {
  const shown = annotations === undefined || Object.keys(annotations).length === 0 ? undefined : annotations
  return Buffer.from(JSON.stringify({ mediaType, digest, size, artifactType, annotations: shown }))
}

export function readReferrerEntry(bytes: Buffer): Descriptor {
  return JSON.parse(bytes.toString()) as Descriptor
}

/** What stands for an artifact type in the index: of one length for every text, since a client may send megabytes. */
export function artifactTypeKey(artifactType: string | undefined): Buffer | null {
  return artifactType === undefined ? null : createHash('sha256').update(artifactType).digest()
}
