/** Types of the documents that may be pushed as manifests. Anything else is refused, so a manifest URL never serves HTML. */
export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
} as const

export type ManifestMediaType =
  typeof mediaTypes.ociManifest | typeof mediaTypes.ociIndex | typeof mediaTypes.dockerManifest | typeof mediaTypes.dockerManifestList

const manifests: ReadonlySet<string> = new Set<ManifestMediaType>([mediaTypes.ociManifest, mediaTypes.dockerManifest])
const indexes: ReadonlySet<string> = new Set<ManifestMediaType>([mediaTypes.ociIndex, mediaTypes.dockerManifestList])

// Bytes of these types may be left out of a registry: Windows base layers come from their maker's servers.
const nonDistributable: ReadonlySet<string> = new Set([
  'application/vnd.docker.image.rootfs.foreign.diff.tar',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
])

export function isManifestMediaType(text: string): text is ManifestMediaType {
  return manifests.has(text) || indexes.has(text)
}

export function isIndexMediaType(text: string): boolean {
  return indexes.has(text)
}

export function isNonDistributable(mediaType: string): boolean {
  return nonDistributable.has(mediaType)
}

/** `type/subtype` without parameters and in lower case, as a Content-Type header or an Accept entry names it. */
export function bareMediaType(header: string): string {
  const semicolon = header.indexOf(';')
  return (semicolon < 0 ? header : header.slice(0, semicolon)).trim().toLowerCase()
}
