import type { Descriptor } from './descriptor.ts'
import { parseDigest } from './digest.ts'
import { refuse } from './errors.ts'
import { bareMediaType, isIndexMediaType, isManifestMediaType, isNonDistributable, mediaTypes } from './media-types.ts'
import type { ManifestMediaType } from './media-types.ts'
import { isJsonObject, parseStrictJson } from './strict-json.ts'
import type { Json, JsonObject } from './strict-json.ts'

/** Largest manifest, in bytes. The specification asks for at least 4 MB. */
export const manifestSizeLimit = 4 * 1024 * 1024

/** Most descriptors in one manifest. */
export const descriptorLimit = 10_000

/** What the registry needs to know of a manifest. The bytes themselves stay what they were; unknown members survive in them. */
export interface Manifest {
  readonly mediaType: ManifestMediaType
  /** Set for OCI artifacts: `artifactType`, or else the type of the config, as the referrers list shows it (end-12). */
  readonly artifactType?: string
  readonly config?: Descriptor
  /** Blobs that have to be in the repository: config and layers, without those that may come from elsewhere. No digest twice. */
  readonly blobs: readonly Descriptor[]
  /** Manifests that an index names. No digest twice. */
  readonly manifests: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations: Readonly<Record<string, string>>
}

/**
 * Reads a pushed document. `contentType` is the request's header; where it is absent the document's own `mediaType` counts.
 * Header and document have to agree, so that one digest can never be read as two kinds (CVE-2021-41190). Throws MANIFEST_INVALID.
 */
export function parseManifest(contentType: string | undefined, bytes: Uint8Array): Manifest {
  const document = parseStrictJson(bytes)
  if (!isJsonObject(document)) invalid('the manifest is not a JSON object')
  refuseAliases(document, documentMembers, 'the manifest')
  const mediaType = agreedMediaType(contentType, document['mediaType'])
  if (document['schemaVersion'] !== 2) invalid('schemaVersion is not 2')
  return isIndexMediaType(mediaType) ? readIndex(mediaType, document) : readManifest(mediaType, document)
}

function agreedMediaType(contentType: string | undefined, inside: Json | undefined): ManifestMediaType {
  if (inside !== undefined && typeof inside !== 'string') invalid('mediaType is not a string')
  const header = contentType === undefined ? undefined : bareMediaType(contentType)
  const mediaType = header === undefined || header === '' ? inside : header
  if (mediaType === undefined) invalid('the request has no Content-Type and the manifest no mediaType')
  if (!isManifestMediaType(mediaType)) invalid('the media type is not one of a manifest', { mediaType })
  if (inside !== undefined && inside !== mediaType) invalid('Content-Type and mediaType differ', { contentType: header, mediaType: inside })
  return mediaType
}

function readManifest(mediaType: ManifestMediaType, document: JsonObject): Manifest {
  if (document['manifests'] !== undefined) invalid('a manifest with config and layers cannot have manifests as well')
  const config = readDescriptor(document['config'], 'config')
  const layers = readDescriptors(document['layers'], 'layers')
  const declared = readString(document['artifactType'], 'artifactType')
  if (mediaType === mediaTypes.ociManifest && config.mediaType === mediaTypes.ociEmpty && declared === undefined) {
    invalid('artifactType has to be set when the config is the empty descriptor')
  }
  return {
    mediaType,
    ...(mediaType === mediaTypes.ociManifest && { artifactType: declared ?? config.mediaType }),
    config,
    blobs: distinct([config, ...layers].filter((descriptor) => !isNonDistributable(descriptor.mediaType))),
    manifests: [],
    ...readSubject(document),
    annotations: readAnnotations(document['annotations']),
  }
}

function readIndex(mediaType: ManifestMediaType, document: JsonObject): Manifest {
  if (document['layers'] !== undefined || document['config'] !== undefined) invalid('an index cannot have config or layers')
  const artifactType = readString(document['artifactType'], 'artifactType')
  return {
    mediaType,
    ...(artifactType !== undefined && { artifactType }),
    blobs: [],
    manifests: distinct(readDescriptors(document['manifests'], 'manifests')),
    ...readSubject(document),
    annotations: readAnnotations(document['annotations']),
  }
}

function readSubject(document: JsonObject): { readonly subject?: Descriptor } {
  return document['subject'] === undefined || document['subject'] === null
    ? {}
    : { subject: readDescriptor(document['subject'], 'subject') }
}

function readDescriptors(value: Json | undefined, member: string): readonly Descriptor[] {
  if (!Array.isArray(value)) invalid(`${member} is not an array`)
  const list = value as readonly Json[]
  if (list.length > descriptorLimit) invalid(`${member} has more than ${descriptorLimit} entries`)
  return list.map((entry, index) => readDescriptor(entry, `${member}[${index}]`))
}

function readDescriptor(value: Json | undefined, member: string): Descriptor {
  if (!isJsonObject(value)) invalid(`${member} is not a descriptor`)
  refuseAliases(value, descriptorMembers, member)
  const { mediaType, digest: text, size } = value
  if (typeof mediaType !== 'string' || mediaType === '' || !isStorable(mediaType)) invalid(`${member}.mediaType is not a media type`)
  const digest = typeof text === 'string' ? parseDigest(text) : undefined
  if (digest === undefined) invalid(`${member}.digest is not a sha256 or sha512 digest`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) invalid(`${member}.size is not a size in bytes`)
  const artifactType = readString(value['artifactType'], `${member}.artifactType`)
  return {
    mediaType,
    digest,
    size,
    ...(artifactType !== undefined && { artifactType }),
    ...(value['annotations'] !== undefined && { annotations: readAnnotations(value['annotations']) }),
    ...readPlatform(value['platform']),
  }
}

function readPlatform(value: Json | undefined): Pick<Descriptor, 'platform'> {
  if (!isJsonObject(value)) return {}
  const { architecture, os } = value
  if (typeof architecture !== 'string' || typeof os !== 'string') return {}
  return isStorable(architecture) && isStorable(os) ? { platform: { architecture, os } } : {}
}

function readAnnotations(value: Json | undefined): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {}
  if (!isJsonObject(value)) invalid('annotations is not an object')
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') invalid('an annotation is not a string')
    if (!isStorable(name) || !isStorable(text)) invalid('an annotation holds U+0000 or half a surrogate pair')
  }
  return value as Readonly<Record<string, string>>
}

function readString(value: Json | undefined, member: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  return typeof value === 'string' && isStorable(value)
    ? value
    : invalid(`${member} is not a string, or holds characters that none may hold`)
}

const documentMembers = new Set(['schemaVersion', 'mediaType', 'artifactType', 'config', 'layers', 'manifests', 'subject', 'annotations'])
const descriptorMembers = new Set(['mediaType', 'digest', 'size', 'urls', 'annotations', 'data', 'artifactType', 'platform'])

/**
 * Go's JSON reader, which most clients use, takes `Layers` and even `layer\u017f` for `layers`, and the last one wins. A document
 * with such a member would be checked as one thing here and run as another there.
 */
function refuseAliases(object: JsonObject, members: ReadonlySet<string>, where: string): void {
  for (const name of Object.keys(object)) {
    // First up, then down: only so the long s and the Kelvin sign become the letters that Go takes them for.
    const meant = membersByFolding.get(name.toUpperCase().toLowerCase())
    if (meant === undefined || meant === name || !members.has(meant)) continue
    invalid(`${where} has a member that some readers take for ${meant}`, { member: name })
  }
}

const membersByFolding = new Map([...documentMembers, ...descriptorMembers].map((name) => [name.toLowerCase(), name]))

/** What the facts keep of a manifest is text of the database, which takes neither. JSON can spell both with escapes. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

function distinct(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor])).values()]
}

function invalid(message: string, detail?: unknown): never {
  refuse('MANIFEST_INVALID', message, { detail })
}
