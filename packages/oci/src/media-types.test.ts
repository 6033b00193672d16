import { describe, expect, test } from '@jest/globals'
import { bareMediaType, isIndexMediaType, isManifestMediaType, isNonDistributable, mediaTypes } from './media-types.ts'

describe('media types', () => {
  test.each([
    [mediaTypes.ociManifest, true, false],
    [mediaTypes.dockerManifest, true, false],
    [mediaTypes.ociIndex, true, true],
    [mediaTypes.dockerManifestList, true, true],
    [mediaTypes.ociEmpty, false, false],
    ['application/vnd.docker.distribution.manifest.v1+prettyjws', false, false],
    ['text/html', false, false],
    ['application/json', false, false],
    ['', false, false],
    ['constructor', false, false],
  ])('%s: manifest %s, index %s', (text, manifest, index) => {
    expect(isManifestMediaType(text)).toBe(manifest)
    expect(isIndexMediaType(text)).toBe(index)
  })

  test.each([
    ['text/html; charset=utf-8', 'text/html'],
    [' Application/JSON ;x="a;b"', 'application/json'],
    ['a/b', 'a/b'],
    [';', ''],
    ['', ''],
    [`a/b${' '.repeat(65_536)};`, 'a/b'],
  ])('%j is %j without parameters', (header, expected) => expect(bareMediaType(header)).toBe(expected))

  test('Windows base layers may come from elsewhere, others may not', () => {
    expect(isNonDistributable('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip')).toBe(true)
    expect(isNonDistributable('application/vnd.oci.image.layer.nondistributable.v1.tar+zstd')).toBe(true)
    expect(isNonDistributable('application/vnd.oci.image.layer.v1.tar+gzip')).toBe(false)
  })
})
