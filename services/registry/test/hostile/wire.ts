import type { HostileRequest } from './hostile-request.ts'

/** Requests that two servers in a row could read differently. All of them end in Node's parser. */
const wire = (title: string, request: string, status: number | readonly number[] = 400): HostileRequest => ({
  title: `wire: ${title}`,
  target: '',
  raw: (host) => request.replaceAll('<host>', host),
  status,
})

export const smuggling: readonly HostileRequest[] = [
  wire(
    'Content-Length and Transfer-Encoding',
    'POST /v2/ HTTP/1.1\r\nHost: <host>\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ),
  wire('two Content-Lengths', 'POST /v2/ HTTP/1.1\r\nHost: <host>\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde'),
  wire('a Content-Length with a sign', 'POST /v2/ HTTP/1.1\r\nHost: <host>\r\nContent-Length: +5\r\n\r\nabcde'),
  wire('a negative Content-Length', 'POST /v2/ HTTP/1.1\r\nHost: <host>\r\nContent-Length: -5\r\n\r\n'),
  wire('a folded header', 'GET /v2/ HTTP/1.1\r\nHost: <host>\r\nX-A: 1\r\n 2\r\n\r\n'),
  wire('a space before the colon', 'GET /v2/ HTTP/1.1\r\nHost : <host>\r\n\r\n'),
  wire('a bare line feed in a header', 'GET /v2/ HTTP/1.1\r\nHost: <host>\nX-A: 1\r\n\r\n'),
  wire('a carriage return in a header', 'GET /v2/ HTTP/1.1\r\nHost: <host>\r\nX-A: 1\rX-B: 2\r\n\r\n'),
  wire('NUL in a header', 'GET /v2/ HTTP/1.1\r\nHost: <host>\r\nX-A: 1\0\r\n\r\n'),
  wire('a chunk size that is no number', 'POST /v2/ HTTP/1.1\r\nHost: <host>\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n', [400, 405]),
  wire('an unknown transfer coding', 'POST /v2/ HTTP/1.1\r\nHost: <host>\r\nTransfer-Encoding: chunked, gzip\r\n\r\n'),
  wire('an HTTP version of the future', 'GET /v2/ HTTP/9.9\r\nHost: <host>\r\n\r\n'),
  wire('no HTTP at all', 'hello\r\n\r\n'),
  wire('TLS on a plain port', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'),
]

/** Credentials that are none. */
const authorization = (title: string, value: string, status = 401): HostileRequest => ({
  title: `credentials: ${title}`,
  target: '/v2/team/app/manifests/v1',
  credentials: 'none',
  headers: { Authorization: value },
  status,
  code: 'UNAUTHORIZED',
})

export const credentials: readonly HostileRequest[] = [
  { title: 'credentials: none', target: '/v2/team/app/manifests/v1', credentials: 'none', status: 401, code: 'UNAUTHORIZED' },
  authorization('empty bearer', 'Bearer '),
  authorization('a word', 'Bearer x'),
  authorization('three dots', 'Bearer a.b.c'),
  authorization('4,000 dots', `Bearer ${'.'.repeat(4000)}`),
  authorization('12 kB', `Bearer ${'a'.repeat(12_000)}`),
  authorization(
    'alg none',
    `Bearer ${[{ alg: 'none' }, { sub: 'admin', aud: 'x' }].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`,
  ),
  authorization('Basic without colon', `Basic ${Buffer.from('myregistry').toString('base64')}`),
  authorization('Basic that is no base64', 'Basic !!!!'),
  authorization('Basic with NUL', `Basic ${Buffer.from('myregistry:\0').toString('base64')}`),
  authorization('Basic with a wrong password', `Basic ${Buffer.from('myregistry:wrong').toString('base64')}`),
  authorization('Basic of an unknown account', `Basic ${Buffer.from("x' or 1=1--:wrong").toString('base64')}`),
  authorization('another scheme', 'Digest username="x"'),
  authorization('both schemes', 'Basic eDp5, Bearer x'),
  {
    title: 'credentials: two headers, one of them good',
    target: '',
    raw: (host) => `GET /v2/ HTTP/1.1\r\nHost: ${host}\r\nAuthorization: <token>\r\nAuthorization: Bearer x\r\n\r\n`,
    status: 401,
    code: 'UNAUTHORIZED',
  },
  { title: 'credentials: catalog without right', target: '/v2/_catalog', credentials: 'none', status: 401, code: 'UNAUTHORIZED' },
  { title: 'credentials: another repository', target: '/v2/secret/app/tags/list', status: 401, code: 'UNAUTHORIZED' },
  {
    title: 'credentials: another repository that does not exist',
    target: '/v2/secret/absent/tags/list',
    status: 401,
    code: 'UNAUTHORIZED',
  },
]
