import { createHash } from 'node:crypto'
import type { Descriptor } from '@roadstead/oci/descriptor.ts'
import { digestOfHash } from '@roadstead/oci/digest.ts'
import type { Digest, DigestAlgorithm } from '@roadstead/oci/digest.ts'
import { parseManifest } from '@roadstead/oci/manifest.ts'
import type { Manifest } from '@roadstead/oci/manifest.ts'
import { mediaTypes } from '@roadstead/oci/media-types.ts'

/** Bytes and the descriptor that points at them. */
export interface Content {
  readonly bytes: Buffer
  readonly digest: Digest
  readonly descriptor: Descriptor
}

/** A document that can be pushed as a manifest, and what the registry reads in it. */
export interface Document extends Content {
  readonly mediaType: string
  readonly manifest: Manifest
}

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return digestOfHash(algorithm, createHash(algorithm).update(bytes).digest())
}

/** A blob; the same seed gives the same bytes. */
export function blob(seed: string | Uint8Array, mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip'): Content {
  return content(typeof seed === 'string' ? Buffer.from(seed) : Buffer.from(seed), mediaType)
}

/** The config of an image; distinct for distinct seeds. */
export function config(seed: string): Content {
  const settings = {
    architecture: 'amd64',
    os: 'linux',
    created: '2020-01-01T00:00:00Z',
    author: seed,
    rootfs: { type: 'layers', diff_ids: [] },
  }
  return content(Buffer.from(JSON.stringify(settings)), 'application/vnd.oci.image.config.v1+json')
}

export interface ManifestWishes {
  readonly config: Content
  readonly layers?: readonly Content[]
  readonly subject?: Descriptor
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** An OCI manifest with a config and layers. */
export function manifest(wishes: ManifestWishes): Document {
  return document(mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: wishes.artifactType,
    config: wishes.config.descriptor,
    layers: (wishes.layers ?? []).map((layer) => layer.descriptor),
    subject: wishes.subject,
    annotations: wishes.annotations,
  })
}

/** The same as Docker writes it. */
export function dockerManifest(wishes: { readonly config: Content; readonly layers?: readonly Content[] }): Document {
  const retype = (entry: Content, mediaType: string): Descriptor => ({ ...entry.descriptor, mediaType })
  return document(mediaTypes.dockerManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: retype(wishes.config, 'application/vnd.docker.container.image.v1+json'),
    layers: (wishes.layers ?? []).map((layer) => retype(layer, 'application/vnd.docker.image.rootfs.diff.tar.gzip')),
  })
}

/** The blob `{}`, which artifacts use as their config. */
export const emptyConfig: Content = content(Buffer.from('{}'), mediaTypes.ociEmpty)

/** An artifact: its bytes are one layer, its config is the empty one. */
export function artifact(wishes: {
  readonly artifactType: string
  readonly layer?: Content
  readonly subject?: Descriptor
  readonly annotations?: Readonly<Record<string, string>>
}): Document {
  return manifest({ ...wishes, config: emptyConfig, layers: [wishes.layer ?? emptyConfig] })
}

/** An OCI index. */
export function index(
  manifests: readonly Document[],
  wishes: { readonly subject?: Descriptor; readonly artifactType?: string; readonly annotations?: Readonly<Record<string, string>> } = {},
): Document {
  return document(mediaTypes.ociIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    artifactType: wishes.artifactType,
    manifests: manifests.map((entry) => entry.descriptor),
    subject: wishes.subject,
    annotations: wishes.annotations,
  })
}

/** A manifest that shares nothing with one of another seed. */
export function image(seed: string): { readonly manifest: Document; readonly blobs: readonly Content[] } {
  const blobs = [config(seed), blob(`${seed} layer`)]
  return { manifest: manifest({ config: blobs[0]!, layers: blobs.slice(1) }), blobs }
}

function content(bytes: Buffer, mediaType: string): Content {
  const digest = digestOf(bytes)
  return { bytes, digest, descriptor: { mediaType, digest, size: bytes.length } }
}

function document(mediaType: string, value: unknown): Document {
  const bytes = Buffer.from(JSON.stringify(value))
  return { ...content(bytes, mediaType), mediaType, manifest: parseManifest(mediaType, bytes) }
}
