import type { Digest } from '@roadstead/oci/digest.ts'
import { digestAlgorithm, digestOfHash } from '@roadstead/oci/digest.ts'
import { RegistryError } from '@roadstead/oci/errors.ts'
import { parseManifest } from '@roadstead/oci/manifest.ts'
import type { Manifest } from '@roadstead/oci/manifest.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { CheckedManifest, ManifestKey, TagKey } from './consistency-facts.ts'
import type { Ports } from './ports.ts'
import { startHash } from './running-hashes.ts'
import type { Finding } from './verify-finding.ts'
import type { Counts } from './verify-progress.ts'

const manifestPage = 200
const tagPage = 5000

export interface RowCheck {
  readonly ports: Pick<Ports, 'metadata'>
  readonly registry: Registry
  readonly counts: Counts
  readonly onProgress: () => void
  readonly signal: AbortSignal | undefined
}

/** Compares manifests with their digests, what their text names with what the facts keep for them, and that with what is there. */
export async function* verifyManifests({ ports, registry, counts, onProgress, signal }: RowCheck): AsyncGenerator<Finding> {
  let after: ManifestKey | undefined
  for (;;) {
    signal?.throwIfAborted()
    const page = await ports.metadata.consistency.manifests(registry, after, manifestPage)
    for (const manifest of page) {
      for (const finding of findingsIn(manifest)) yield { registry: registry.label, repository: manifest.repository, ...finding }
    }
    counts.manifests += page.length
    onProgress()
    after = page.at(-1)?.key
    if (after === undefined) return
  }
}

/** Tags that name nothing. */
export async function* verifyTags({ ports, registry, counts, onProgress, signal }: RowCheck): AsyncGenerator<Finding> {
  let after: TagKey | undefined
  for (;;) {
    signal?.throwIfAborted()
    const { count, last, broken } = await ports.metadata.consistency.tags(registry, after, tagPage)
    for (const tag of broken) yield { kind: 'tag without manifest', registry: registry.label, ...tag }
    counts.tags += count
    onProgress()
    after = last
    if (after === undefined) return
  }
}

type ManifestFinding = Omit<Finding, 'registry' | 'repository'>

function findingsIn(stored: CheckedManifest): readonly ManifestFinding[] {
  const { digest, payload } = stored
  const algorithm = digestAlgorithm(digest)
  const computed = digestOfHash(algorithm, startHash(algorithm).update(payload).digest())
  const findings: ManifestFinding[] = [
    ...stored.absentBlobs.map((names): ManifestFinding => ({ kind: 'reference without blob', digest, names })),
    ...stored.absentManifests.map((names): ManifestFinding => ({ kind: 'reference without manifest', digest, names })),
  ]
  if (payload.length !== stored.size) findings.push({ kind: 'manifest of another size', digest, size: payload.length })
  // What such a text names says nothing about what the manifest named.
  if (computed !== digest) return [...findings, { kind: 'manifest of another digest', digest, reason: `it is ${computed}` }]
  return [...findings, ...referencesIn(stored)]
}

function referencesIn(stored: CheckedManifest): readonly ManifestFinding[] {
  const { digest } = stored
  let manifest: Manifest
  try {
    manifest = parseManifest(stored.mediaType, stored.payload)
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    return [{ kind: 'manifest unreadable', digest, reason: error.message }]
  }
  const named = [...manifest.blobs, ...manifest.manifests].map((descriptor) => descriptor.digest)
  const recorded = [...stored.blobs, ...stored.manifests]
  const isListed = manifest.subject === undefined || (stored.listed && stored.subject === manifest.subject.digest)
  return [
    ...without(named, recorded).map((names): ManifestFinding => ({ kind: 'reference not recorded', digest, names })),
    ...without(recorded, named).map((names): ManifestFinding => ({ kind: 'reference without need', digest, names })),
    ...(isListed ? [] : [{ kind: 'referrer not listed', digest, names: manifest.subject!.digest } as const]),
  ]
}

function without(digests: readonly Digest[], others: readonly Digest[]): readonly Digest[] {
  const known = new Set(others)
  return digests.filter((digest) => !known.has(digest))
}
