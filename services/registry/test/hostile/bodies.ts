import { absentDigest, knownDigest } from './hostile-request.ts'
import type { HostileRequest } from './hostile-request.ts'

const ociManifest = 'application/vnd.oci.image.manifest.v1+json'
const ociIndex = 'application/vnd.oci.image.index.v1+json'

const descriptor = (digest: string, mediaType = 'application/vnd.oci.image.config.v1+json') => ({ mediaType, digest, size: 2 })
const good = { schemaVersion: 2, mediaType: ociManifest, config: descriptor(knownDigest), layers: [] }

const manifest = (title: string, body: string, type = ociManifest, status = 400, code = 'MANIFEST_INVALID'): HostileRequest => ({
  title: `manifest: ${title}`,
  method: 'PUT',
  target: '/v2/team/app/manifests/hostile',
  headers: { 'Content-Type': type },
  body,
  status,
  code,
})
const changed = (title: string, change: object): HostileRequest => manifest(title, JSON.stringify({ ...good, ...change }))

export const manifests: readonly HostileRequest[] = [
  manifest('empty', ''),
  manifest('null', 'null'),
  manifest('a number', '1'),
  manifest('an array', '[]'),
  manifest('an empty object', '{}'),
  manifest('text', 'hello'),
  manifest('cut off', JSON.stringify(good).slice(0, -1)),
  manifest('a second document behind', `${JSON.stringify(good)}{}`),
  manifest('a byte order mark', `\ufeff${JSON.stringify(good)}`),
  manifest('a hundred thousand brackets', '['.repeat(100_000)),
  manifest('closed brackets a hundred thousand deep', '['.repeat(100_000) + ']'.repeat(100_000)),
  manifest('a number out of range', JSON.stringify(good).replace('"size":2', '"size":1e400')),
  manifest('a member twice', JSON.stringify(good).replace('{', '{"schemaVersion":2,')),
  manifest('a member twice, once in escapes', JSON.stringify(good).replace('{', '{"schema\\u0056ersion":2,')),
  manifest('an HTML page', '<script>alert(1)</script>', 'text/html; x="><script>'),
  manifest('JSON with another type', JSON.stringify({ ...good, mediaType: undefined }), 'application/json'),
  manifest('an index by its header, a manifest inside', JSON.stringify(good), ociIndex),
  manifest('a manifest by its header, an index inside', JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: [] })),
  manifest('an index without type that has layers', JSON.stringify({ schemaVersion: 2, manifests: [], layers: [] }), ociIndex),
  changed('manifests beside layers', { manifests: [] }),
  changed('schemaVersion 1', { schemaVersion: 1 }),
  changed('schemaVersion as text', { schemaVersion: '2' }),
  changed('config missing', { config: undefined }),
  changed('config null', { config: null }),
  changed('layers null', { layers: null }),
  changed('layers an object', { layers: {} }),
  changed('a layer null', { layers: [null] }),
  changed('a negative size', { config: { ...descriptor(knownDigest), size: -1 } }),
  changed('a broken size', { config: { ...descriptor(knownDigest), size: 1.5 } }),
  changed('a size as text', { config: { ...descriptor(knownDigest), size: '2' } }),
  changed('a size beyond 2^53', { config: { ...descriptor(knownDigest), size: 2 ** 60 } }),
  changed('a digest that is a path', { layers: [descriptor('sha256:../../../../etc/passwd')] }),
  changed('a digest of another algorithm', { layers: [descriptor(`md5:${'a'.repeat(32)}`)] }),
  changed('a digest that is a number', { layers: [{ mediaType: 'a/b', digest: 1, size: 1 }] }),
  changed('a descriptor without media type', { layers: [{ digest: knownDigest, size: 2 }] }),
  changed('a subject that is text', { subject: knownDigest }),
  changed('annotations that are numbers', { annotations: { a: 1 } }),
  changed('annotations as an array', { annotations: ['a'] }),
  changed('artifactType as a number', { artifactType: 7 }),
  changed('10,001 layers', { layers: Array.from({ length: 10_001 }, () => descriptor(knownDigest)) }),
  changed('mediaType as a number', { mediaType: 5 }),
  { ...changed('a blob that is not there', { layers: [descriptor(absentDigest)] }), code: 'MANIFEST_BLOB_UNKNOWN' },
  manifest(
    'an index that names an absent manifest',
    JSON.stringify({ schemaVersion: 2, manifests: [descriptor(absentDigest, ociManifest)] }),
    ociIndex,
    400,
    'MANIFEST_BLOB_UNKNOWN',
  ),
  {
    ...manifest('a digest that is not its own', JSON.stringify(good), ociManifest, 400, 'DIGEST_INVALID'),
    target: `/v2/team/app/manifests/${absentDigest}`,
  },
  { ...manifest('compressed', JSON.stringify(good)), headers: { 'Content-Type': ociManifest, 'Content-Encoding': 'gzip' } },
  { ...manifest('a tag that is none', JSON.stringify(good)), target: '/v2/team/app/manifests/-x' },
  { ...manifest('tag parameters beside a tag', JSON.stringify(good)), target: '/v2/team/app/manifests/v2?tag=v3' },
  { ...manifest('a tag parameter that is none', JSON.stringify(good)), target: `/v2/team/app/manifests/${absentDigest}?tag=../x` },
  {
    ...manifest('a thousand tag parameters', JSON.stringify(good)),
    target: `/v2/team/app/manifests/${absentDigest}?${Array.from({ length: 1000 }, (_, index) => `tag=t${index}`).join('&')}`,
    status: 414,
  },
  {
    title: 'manifest: 5 MB announced',
    method: 'PUT',
    target: '/v2/team/app/manifests/hostile',
    raw: (host) =>
      `PUT /v2/team/app/manifests/hostile HTTP/1.1\r\nHost: ${host}\r\nAuthorization: <token>\r\nContent-Length: 5000000\r\n\r\n`,
    status: 413,
    code: 'MANIFEST_INVALID',
  },
]

export const uploads: readonly HostileRequest[] = [
  {
    title: 'upload: a session that is no UUID',
    method: 'PATCH',
    target: '/v2/team/app/blobs/uploads/not-a-uuid',
    status: 404,
    code: 'BLOB_UPLOAD_UNKNOWN',
  },
  {
    title: 'upload: a session that is a path',
    method: 'PATCH',
    target: '/v2/team/app/blobs/uploads/..%2f..%2fx',
    status: 404,
    code: 'BLOB_UPLOAD_UNKNOWN',
  },
  { title: 'upload: a session with NUL', target: '/v2/team/app/blobs/uploads/%00', status: 404, code: 'BLOB_UPLOAD_UNKNOWN' },
  {
    title: 'upload: closing what was never opened',
    method: 'PUT',
    target: `/v2/team/app/blobs/uploads/3e6f3b0e-6a4e-4b3a-9d0c-3f2b1a0c9d8e?digest=${knownDigest}`,
    status: 404,
    code: 'BLOB_UPLOAD_UNKNOWN',
  },
  {
    title: 'upload: a digest that does not match',
    method: 'POST',
    target: `/v2/team/app/blobs/uploads/?digest=${absentDigest}`,
    body: 'x',
    status: 400,
    code: 'DIGEST_INVALID',
  },
  {
    title: 'upload: a malformed digest',
    method: 'POST',
    target: '/v2/team/app/blobs/uploads/?digest=sha256:x',
    body: 'x',
    status: 400,
    code: 'DIGEST_INVALID',
  },
  {
    title: 'upload: an unknown algorithm',
    method: 'POST',
    target: '/v2/team/app/blobs/uploads/?digest-algorithm=md5',
    status: 400,
    code: 'DIGEST_INVALID',
  },
  {
    title: 'upload: a malformed digest to mount',
    method: 'POST',
    target: '/v2/team/app/blobs/uploads/?mount=x&from=team/app',
    status: 400,
    code: 'DIGEST_INVALID',
  },
  {
    title: 'upload: a mount from what is no name',
    method: 'POST',
    target: `/v2/team/app/blobs/uploads/?mount=${knownDigest}&from=../x`,
    status: 202,
  },
  {
    title: 'upload: a mount from somewhere forbidden',
    method: 'POST',
    target: `/v2/team/app/blobs/uploads/?mount=${knownDigest}&from=secret/app`,
    status: 401,
    code: 'UNAUTHORIZED',
  },
]
