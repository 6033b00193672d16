import { absentDigest, knownDigest } from './hostile-request.ts'
import type { HostileRequest } from './hostile-request.ts'

const badDigest = { status: 400, code: 'DIGEST_INVALID' } as const

const blob = (title: string, digest: string): HostileRequest => ({
  title: `blob digest: ${title}`,
  target: `/v2/team/app/blobs/${digest}`,
  ...badDigest,
})

export const references: readonly HostileRequest[] = [
  blob('md5', `md5:${'a'.repeat(32)}`),
  blob('upper case', `sha256:${'A'.repeat(64)}`),
  blob('63 digits', `sha256:${'a'.repeat(63)}`),
  blob('65 digits', `sha256:${'a'.repeat(65)}`),
  blob('sha512 of 64 digits', `sha512:${'a'.repeat(64)}`),
  blob('no algorithm', 'a'.repeat(64)),
  blob('a member of every object', `constructor:${'0'.repeat(64)}`),
  blob('another such member', `__proto__:${'0'.repeat(64)}`),
  blob('a path', 'sha256:..%2f..%2fetc%2fpasswd'),
  blob('a newline at its end', `${knownDigest}%0a`),
  blob('NUL at its end', `${knownDigest}%00`),
  blob('encoded twice', 'sha256%253a44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'),
  { title: 'an encoded colon is a colon', target: `/v2/team/app/blobs/${knownDigest.replace(':', '%3A')}`, status: 200 },
  { title: 'a blob digest asked as manifest', target: `/v2/team/app/manifests/${absentDigest}`, status: 404, code: 'MANIFEST_UNKNOWN' },
  { title: 'referrers of a malformed digest', target: '/v2/team/app/referrers/sha256:xyz', ...badDigest },
  { title: 'referrers of a tag', target: '/v2/team/app/referrers/v1', ...badDigest },
  { title: 'referrers behind a malformed digest', target: `/v2/team/app/referrers/${absentDigest}?last=x`, ...badDigest },
  {
    title: 'referrers of a type with NUL',
    target: `/v2/team/app/referrers/${absentDigest}?artifactType=a%00b`,
    status: 400,
    code: 'MANIFEST_INVALID',
  },
  { title: 'referrers of nothing are an empty list', target: `/v2/team/app/referrers/${absentDigest}`, status: 200 },
  { title: 'a tag of 129 characters', target: `/v2/team/app/manifests/${'a'.repeat(129)}`, status: 400, code: 'MANIFEST_INVALID' },
  { title: 'a tag with a leading dot', target: '/v2/team/app/manifests/.v1', status: 400, code: 'MANIFEST_INVALID' },
  { title: 'a tag and a digest in one', target: `/v2/team/app/manifests/v1@${knownDigest}`, ...badDigest },
  { title: 'an absent tag', target: '/v2/team/app/manifests/absent', status: 404, code: 'MANIFEST_UNKNOWN' },
  { title: 'an absent repository', target: '/v2/team/absent/manifests/v1', status: 404, code: 'NAME_UNKNOWN' },
  { title: 'a digest where a manifest is deleted', method: 'DELETE', target: '/v2/team/app/manifests/sha256:1', ...badDigest },
  {
    title: 'a blob that a manifest names is deleted',
    method: 'DELETE',
    target: `/v2/team/app/blobs/${knownDigest}`,
    status: 405,
    code: 'UNSUPPORTED',
  },
]

const tags = (title: string, query: string, status = 400, code?: string): HostileRequest => ({
  title: `tag list: ${title}`,
  target: `/v2/team/app/tags/list?${query}`,
  status,
  ...(code !== undefined && { code }),
})

export const numbers: readonly HostileRequest[] = [
  tags('n=-1', 'n=-1', 400, 'SIZE_INVALID'),
  tags('n=1e9', 'n=1e9', 400, 'SIZE_INVALID'),
  tags('n=0x10', 'n=0x10', 400, 'SIZE_INVALID'),
  tags('n=1.5', 'n=1.5', 400, 'SIZE_INVALID'),
  tags('n= (empty)', 'n=', 400, 'SIZE_INVALID'),
  tags('n=12x', 'n=12x', 400, 'SIZE_INVALID'),
  tags('n of twenty digits', 'n=99999999999999999999', 400, 'SIZE_INVALID'),
  tags('n twice', 'n=1&n=2', 400, 'SIZE_INVALID'),
  tags('n as an object', 'n[$gt]=1', 200),
  tags('a very large n', 'n=999999999', 200),
  tags('n=0', 'n=0', 200),
  tags('last of 300 characters', `last=${'a'.repeat(300)}`, 400, 'NAME_INVALID'),
  tags('last with NUL', 'last=a%00b', 400, 'NAME_INVALID'),
  tags('last with a header line', 'last=%0d%0aX-Injected:%20yes&n=1', 200),
  tags('last that is a statement', "last=';select%20pg_sleep(9)--", 200),
  { title: 'catalog: n=-1', target: '/v2/_catalog?n=-1', status: 400, code: 'SIZE_INVALID' },
]

const range = (title: string, header: string, status: number, code?: string): HostileRequest => ({
  title: `range: ${title}`,
  target: `/v2/team/app/blobs/${knownDigest}`,
  headers: { Range: header },
  status,
  ...(code !== undefined && { code }),
})

export const ranges: readonly HostileRequest[] = [
  range('behind the end', 'bytes=2-3', 416, 'SIZE_INVALID'),
  range('backwards', 'bytes=1-0', 416, 'SIZE_INVALID'),
  range('the last zero bytes', 'bytes=-0', 416, 'SIZE_INVALID'),
  range('neither end', 'bytes=-', 416, 'SIZE_INVALID'),
  range('no number', 'bytes=a-b', 416, 'SIZE_INVALID'),
  range('beyond 2^64', 'bytes=18446744073709551616-18446744073709551617', 416, 'SIZE_INVALID'),
  range('to beyond 2^64', 'bytes=0-18446744073709551617', 206),
  range('a suffix beyond 2^64', 'bytes=-18446744073709551617', 206),
  range('two hundred ranges', `bytes=${Array.from({ length: 200 }, () => '0-').join(',')}`, 200),
  range('another unit', 'items=0-1', 200),
]
