import type { BlobUser } from '@roadstead/distribution/consistency-facts.ts'
import type { Finding, FindingKind } from '@roadstead/distribution/verify-finding.ts'
import type { VerifyProgress } from '@roadstead/distribution/verify-progress.ts'

const longestKind: FindingKind = 'bytes wrongly known as damaged'

/** One line: what, in which registry, where, and who is affected. */
export function describeFinding(finding: Finding): string {
  const { kind, registry, repository, tag, digest, names, location, size, users = [], reason } = finding
  const place = tag !== undefined ? `${repository}:${tag}` : [repository, digest].filter(Boolean).join('@')
  const parts = [
    place,
    names === undefined ? '' : `names ${names}`,
    location === undefined ? '' : `at ${location}`,
    size === undefined ? '' : `${size} bytes`,
    users.length === 0 ? '' : `needed by ${users.map(describeUser).join(', ')}`,
    reason === undefined ? '' : `(${reason})`,
  ]
  return `${kind.padEnd(longestKind.length)}  ${registry}  ${parts.filter(Boolean).join(' ')}`
}

function describeUser({ repository, manifest, tags }: BlobUser): string {
  if (tags.length > 0) return tags.map((tag) => `${repository}:${tag}`).join(', ')
  return manifest === undefined ? repository : `${repository}@${manifest}`
}

/** What was looked at. */
export function describeProgress({ registries, blobs, manifests, tags, stored, bytes }: VerifyProgress): string {
  const parts = [
    counted(registries, 'registry', 'registries'),
    counted(blobs, 'blob', 'blobs'),
    counted(manifests, 'manifest', 'manifests'),
    counted(tags, 'tag', 'tags'),
    `${counted(stored, 'thing', 'things')} in the storage`,
    ...(bytes === 0 ? [] : [`${(bytes / 1e6).toFixed(1)} MB read`]),
  ]
  return parts.join(', ')
}

export function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}
