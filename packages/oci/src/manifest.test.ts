import { describe, expect, test } from '@jest/globals'
import { RegistryError } from './errors.ts'
import { descriptorLimit, parseManifest } from './manifest.ts'
import { mediaTypes } from './media-types.ts'

const digestOf = (index: number) => `sha256:${index.toString(16).padStart(64, '0')}`
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(1), size: 10 }
const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: digestOf(2), size: 20 }
const foreign = {
  mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  digest: digestOf(3),
  size: 30,
  urls: ['https://x'],
}
const child = {
  mediaType: mediaTypes.ociManifest,
  digest: digestOf(4),
  size: 40,
  platform: { architecture: 'amd64', os: 'linux', variant: 'v8' },
}
const empty = { mediaType: mediaTypes.ociEmpty, digest: digestOf(5), size: 2 }

const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] }
const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child] }

const parse = (document: unknown, contentType?: string) => parseManifest(contentType, Buffer.from(JSON.stringify(document)))
const invalid = expect.objectContaining({ code: 'MANIFEST_INVALID' }) as unknown as Error
const without = (document: Record<string, unknown>, member: string) =>
  Object.fromEntries(Object.entries(document).filter(([name]) => name !== member))

describe('a manifest', () => {
  test('tells its config and layers, and the type of the config as that of the artifact', () => {
    expect(parse(manifest)).toEqual({
      mediaType: mediaTypes.ociManifest,
      artifactType: config.mediaType,
      config,
      blobs: [config, layer],
      manifests: [],
      annotations: {},
    })
  })

  test('of Docker has no artifact type', () => {
    const docker = parse({ ...manifest, mediaType: mediaTypes.dockerManifest })
    expect(docker.mediaType).toBe(mediaTypes.dockerManifest)
    expect(docker).not.toHaveProperty('artifactType')
  })

  test('tells artifact type, subject and annotations', () => {
    const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(9), size: 99 }
    const parsed = parse({ ...manifest, config: empty, artifactType: 'application/x', subject, annotations: { a: 'b', __proto: 'c' } })
    expect(parsed).toMatchObject({ artifactType: 'application/x', subject, annotations: { a: 'b', __proto: 'c' } })
  })

  test('needs no blob twice, and none that may come from elsewhere', () => {
    expect(parse({ ...manifest, layers: [layer, foreign, layer, config] }).blobs).toEqual([config, layer])
  })

  test('may have no layers', () => expect(parse({ ...manifest, layers: [] }).blobs).toEqual([config]))

  test('may have members that nobody knows', () => {
    expect(parse({ ...manifest, future: { deep: [1] }, Future: 1, config: { ...config, other: 1 } }).config).toEqual(config)
  })

  test('may be refused an artifact type of null or nothing, which count as absent', () => {
    for (const artifactType of [null, '']) expect(parse({ ...manifest, artifactType }).artifactType).toBe(config.mediaType)
    expect(parse({ ...manifest, subject: null, annotations: null })).toEqual(parse(manifest))
  })

  test.each([
    ['no schemaVersion', without(manifest, 'schemaVersion')],
    ['schemaVersion 1', { ...manifest, schemaVersion: 1 }],
    ['schemaVersion as text', { ...manifest, schemaVersion: '2' }],
    ['no config', without(manifest, 'config')],
    ['a config of null', { ...manifest, config: null }],
    ['no layers', without(manifest, 'layers')],
    ['layers of null', { ...manifest, layers: null }],
    ['layers as an object', { ...manifest, layers: { 0: layer, length: 1 } }],
    ['a layer of null', { ...manifest, layers: [null] }],
    ['a layer as a list', { ...manifest, layers: [[]] }],
    ['manifests as well', { ...manifest, manifests: [] }],
    ['the empty config and no artifact type', { ...manifest, config: empty }],
    ['the empty config and an artifact type of nothing', { ...manifest, config: empty, artifactType: '' }],
    ['an artifact type that is no text', { ...manifest, artifactType: 7 }],
    ['a subject that is no descriptor', { ...manifest, subject: 'sha256:' }],
    ['a subject without a digest', { ...manifest, subject: without(layer, 'digest') }],
    ['annotations as a list', { ...manifest, annotations: ['a'] }],
    ['annotations as text', { ...manifest, annotations: 'a' }],
    ['an annotation that is no text', { ...manifest, annotations: { a: 1 } }],
    ['an annotation of null', { ...manifest, annotations: { a: null } }],
    ['an annotation with U+0000', { ...manifest, annotations: { a: 'b\0c' } }],
    ['an annotation named with U+0000', { ...manifest, annotations: { 'a\0': 'b' } }],
    ['an annotation with half a surrogate pair', { ...manifest, annotations: { a: '\ud83d' } }],
    ['an artifact type with U+0000', { ...manifest, artifactType: 'application/x\0' }],
    ['too many layers', { ...manifest, layers: Array.from({ length: descriptorLimit + 1 }, () => layer) }],
    ['a media type that is no text', { ...manifest, mediaType: 2 }],
    ['a media type of null', { ...manifest, mediaType: null }],
    ['a media type in other case', { ...manifest, mediaType: mediaTypes.ociManifest.toUpperCase() }],
    ['a media type of HTML', { ...manifest, mediaType: 'text/html' }],
    ['no media type at all', without(manifest, 'mediaType')],
    ['a second config in the eyes of Go', { ...manifest, Config: layer }],
    ['second layers in the eyes of Go', { ...manifest, LAYERS: [] }],
    ['second layers with a long s', { ...manifest, 'layer\u017f': [] }],
    ['a second media type in the eyes of Go', { ...manifest, mediatype: mediaTypes.ociIndex }],
    ['a descriptor with a second digest in the eyes of Go', { ...manifest, layers: [{ ...layer, Digest: digestOf(7) }] }],
  ])('with %s is refused', (_, document) => expect(() => parse(document)).toThrow(invalid))

  test.each([
    ['no media type', without(layer, 'mediaType')],
    ['an empty media type', { ...layer, mediaType: '' }],
    ['a media type that is no text', { ...layer, mediaType: ['a'] }],
    ['a media type with U+0000', { ...layer, mediaType: 'a/b\0' }],
    ['no digest', without(layer, 'digest')],
    ['a digest that is a path', { ...layer, digest: '../../etc/passwd' }],
    ['a digest of MD5', { ...layer, digest: 'md5:d41d8cd98f00b204e9800998ecf8427e' }],
    ['a digest that is no text', { ...layer, digest: 1 }],
    ['no size', without(layer, 'size')],
    ['a size as text', { ...layer, size: '20' }],
    ['a negative size', { ...layer, size: -1 }],
    ['half a byte', { ...layer, size: 0.5 }],
    ['a size beyond what counts exactly', { ...layer, size: 2 ** 53 }],
    ['a size of null', { ...layer, size: null }],
    ['annotations that are no texts', { ...layer, annotations: { a: {} } }],
    ['an artifact type that is no text', { ...layer, artifactType: {} }],
  ])('whose descriptor has %s is refused, wherever it stands', (_, descriptor) => {
    expect(() => parse({ ...manifest, config: descriptor })).toThrow(invalid)
    expect(() => parse({ ...manifest, layers: [layer, descriptor] })).toThrow(invalid)
    expect(() => parse({ ...manifest, subject: descriptor })).toThrow(invalid)
    expect(() => parse({ ...index, manifests: [descriptor] })).toThrow(invalid)
    expect(() => parse({ ...index, subject: descriptor })).toThrow(invalid)
  })

  test.each(['', 'null', '[]', '"text"', '1', 'true', '{}', '{"schemaVersion":2}', `{"schemaVersion":2,"schemaVersion":2}`])(
    '%j is none',
    (text) => {
      expect(() => parseManifest(mediaTypes.ociManifest, Buffer.from(text))).toThrow(invalid)
      expect(() => parseManifest(undefined, Buffer.from(text))).toThrow(invalid)
    },
  )

  test('takes as many layers as the limit says, and sha512', () => {
    const sha512 = { ...layer, digest: `sha512:${'ab'.repeat(64)}` }
    const layers = Array.from({ length: descriptorLimit }, (_, at) => ({ ...layer, digest: digestOf(at + 100) }))
    expect(parse({ ...manifest, layers: [sha512, ...layers.slice(1)] }).blobs).toHaveLength(descriptorLimit + 1)
  })
})

describe('an index', () => {
  test('tells its manifests with platforms', () => {
    const parsed = parse(index)
    expect(parsed).toEqual({
      mediaType: mediaTypes.ociIndex,
      blobs: [],
      manifests: [{ ...child, platform: { architecture: 'amd64', os: 'linux' } }],
      annotations: {},
    })
    expect(parsed).not.toHaveProperty('artifactType')
    expect(parsed).not.toHaveProperty('config')
  })

  test('may be empty, have an artifact type, annotations and a subject, and name a manifest twice', () => {
    const subject = { mediaType: mediaTypes.ociIndex, digest: digestOf(9), size: 99 }
    const parsed = parse({ ...index, manifests: [child, child], artifactType: 'application/x', annotations: { a: 'b' }, subject })
    expect(parsed).toMatchObject({ artifactType: 'application/x', annotations: { a: 'b' }, subject })
    expect(parsed.manifests).toHaveLength(1)
    expect(parse({ ...index, manifests: [] }).manifests).toEqual([])
  })

  test('of Docker is one as well', () => {
    expect(parse({ ...index, mediaType: mediaTypes.dockerManifestList }).manifests).toHaveLength(1)
  })

  test('a platform that is incomplete or odd is left out', () => {
    for (const platform of [null, {}, 'linux', { os: 'linux' }, { os: 1, architecture: 'amd64' }, { os: 'a\0', architecture: 'b' }]) {
      expect(parse({ ...index, manifests: [{ ...child, platform }] }).manifests[0]).not.toHaveProperty('platform')
    }
  })

  test.each([
    ['no manifests', without(index, 'manifests')],
    ['manifests as an object', { ...index, manifests: {} }],
    ['layers as well', { ...index, layers: [] }],
    ['a config as well', { ...index, config }],
    ['too many manifests', { ...index, manifests: Array.from({ length: descriptorLimit + 1 }, () => child) }],
    ['an artifact type that is no text', { ...index, artifactType: [] }],
    ['second manifests in the eyes of Go', { ...index, Manifests: [] }],
  ])('with %s is refused', (_, document) => expect(() => parse(document)).toThrow(invalid))
})

describe('header and document', () => {
  const silent = without(manifest, 'mediaType')

  test.each([
    ['both', manifest, mediaTypes.ociManifest],
    ['with parameters', manifest, `${mediaTypes.ociManifest}; charset=utf-8`],
    ['in other case', manifest, mediaTypes.ociManifest.toUpperCase()],
    ['only the header', silent, mediaTypes.ociManifest],
    ['only the document', manifest, undefined],
    ['an empty header', manifest, ''],
  ])('agree: %s', (_, document, contentType) => {
    expect(parse(document, contentType).mediaType).toBe(mediaTypes.ociManifest)
  })

  test.each([
    ['another kind of manifest', manifest, mediaTypes.dockerManifest],
    ['an index', manifest, mediaTypes.ociIndex],
    ['JSON', manifest, 'application/json'],
    ['HTML', manifest, 'text/html'],
    ['something that is no type', manifest, '*/*'],
    ['two types', manifest, `${mediaTypes.ociManifest}, ${mediaTypes.ociIndex}`],
    ['an index over a manifest that is silent', silent, mediaTypes.ociIndex],
    ['a manifest over an index that is silent', without(index, 'mediaType'), mediaTypes.ociManifest],
    ['nothing', silent, undefined],
  ])('disagree: the header says %s', (_, document, contentType) => {
    expect(() => parse(document, contentType)).toThrow(RegistryError)
    expect(() => parse(document, contentType)).toThrow(invalid)
  })
})
