import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { blob, digestOf } from '@roadstead/testing/contents.ts'
import { clientOf } from './registry-client.ts'
import type { Send } from './registry-client.ts'
import { startRegistry } from './running-registry.ts'
import type { RunningRegistry } from './running-registry.ts'

let running: RunningRegistry
let send: Send
const root = '/v2/team/app/blobs/uploads/'

beforeAll(async () => {
  running = await startRegistry()
  send = clientOf(running, await running.bearer('repository:team/app:pull,push,delete'))
})

afterAll(() => running.close())

async function open(query = ''): Promise<string> {
  const answer = await send('POST', `${root}${query}`)
  expect(answer.status).toBe(202)
  expect(answer.headers['location']).toMatch(/^\/v2\/team\/app\/blobs\/uploads\/[0-9a-f-]{36}$/)
  expect(answer.headers['range']).toBe('0-0')
  return answer.headers['location']!
}

async function readable(digest: string, bytes: Buffer): Promise<void> {
  const pulled = await send('GET', `/v2/team/app/blobs/${digest}`)
  expect([pulled.status, pulled.headers['docker-content-digest'], pulled.headers['content-length']]).toEqual([
    200,
    digest,
    String(bytes.length),
  ])
  expect(pulled.body.equals(bytes)).toBe(true)
}

describe('every form of upload', () => {
  test.each(['sha256', 'sha512'] as const)('POST with digest, %s', async (algorithm) => {
    const bytes = Buffer.from(`whole ${algorithm}`)
    const digest = digestOf(bytes, algorithm)
    const answer = await send('POST', `${root}?digest=${digest}`, { body: bytes })
    expect([answer.status, answer.headers['location'], answer.headers['docker-content-digest']]).toEqual([
      201,
      `/v2/team/app/blobs/${digest}`,
      digest,
    ])
    await readable(digest, bytes)
  })

  test.each(['sha256', 'sha512'] as const)('POST, then PUT with all bytes, %s', async (algorithm) => {
    const bytes = Buffer.from(`put ${algorithm}`)
    const digest = digestOf(bytes, algorithm)
    expect((await send('PUT', `${await open()}?digest=${digest}`, { body: bytes })).status).toBe(201)
    await readable(digest, bytes)
  })

  test.each(['', '?digest-algorithm=sha512'])('chunks with Content-Range, closed with sha512, opened with %j', async (query) => {
    const bytes = Buffer.from(`chunked ${query} `.repeat(100))
    const digest = digestOf(bytes, 'sha512')
    const location = await open(query)
    for (let start = 0; start < bytes.length; start += 500) {
      const chunk = bytes.subarray(start, start + 500)
      const answer = await send('PATCH', location, { body: chunk, headers: { 'Content-Range': `${start}-${start + chunk.length - 1}` } })
      expect([answer.status, answer.headers['range']]).toEqual([202, `0-${start + chunk.length - 1}`])
    }
    const status = await send('GET', location)
    expect([status.status, status.headers['range']]).toEqual([204, `0-${bytes.length - 1}`])
    expect((await send('PUT', `${location}?digest=${digest}`)).status).toBe(201)
    await readable(digest, bytes)
  })

  test('one PATCH without length or range, closed by an empty PUT', async () => {
    const bytes = Buffer.alloc(300_000, 'stream')
    const location = await open()
    expect((await send('PATCH', location, { body: bytes, headers: { 'Transfer-Encoding': 'chunked' } })).status).toBe(202)
    expect((await send('PUT', `${location}?digest=${digestOf(bytes)}`)).status).toBe(201)
    await readable(digestOf(bytes), bytes)
  })

  test('the last chunk comes with the closing PUT, its range in the form of RFC 9110', async () => {
    const bytes = Buffer.from('first and last')
    const location = await open()
    expect((await send('PATCH', location, { body: bytes.subarray(0, 5), headers: { 'Content-Range': 'bytes 0-4/*' } })).status).toBe(202)
    const closed = await send('PUT', `${location}?digest=${digestOf(bytes)}`, {
      body: bytes.subarray(5),
      headers: { 'Content-Range': `5-${bytes.length - 1}` },
    })
    expect(closed.status).toBe(201)
    await readable(digestOf(bytes), bytes)
  })

  test('an empty blob, with and without PATCH', async () => {
    const empty = blob('')
    expect((await send('PUT', `${await open()}?digest=${empty.digest}`)).status).toBe(201)
    expect((await send('POST', `${root}?digest=${digestOf(Buffer.alloc(0), 'sha512')}`)).status).toBe(201)
    await readable(empty.digest, empty.bytes)
  })

  test('a smallest chunk is announced', async () => {
    expect(Number((await send('POST', root)).headers['oci-chunk-min-length'])).toBe(running.store.minimumChunkSize)
  })
})

describe('chunks that do not fit', () => {
  test.each([
    ['a gap', '10-14', 416],
    ['an overlap', '0-4', 416],
    ['text', 'a-b', 400],
    ['backwards', '9-5', 400],
    ['another unit', 'items 5-9', 400],
    ['beyond 2^53', '18446744073709551616-18446744073709551620', 400],
    ['a sign', '+5-9', 400],
  ])('%s is refused, and the session goes on', async (_title, contentRange, status) => {
    const bytes = Buffer.from('0123456789')
    const location = await open()
    await send('PATCH', location, { body: bytes.subarray(0, 5), headers: { 'Content-Range': '0-4' } })
    const refused = await send('PATCH', location, { body: bytes.subarray(5), headers: { 'Content-Range': contentRange } })
    expect([refused.status, refused.code]).toEqual([status, 'BLOB_UPLOAD_INVALID'])
    expect([refused.headers['location'], refused.headers['range']]).toEqual([location, '0-4'])
    const outOfOrder = await send('PUT', `${location}?digest=${digestOf(bytes)}`, {
      body: bytes.subarray(5),
      headers: { 'Content-Range': '6-10' },
    })
    expect(outOfOrder.status).toBe(416)
    expect((await send('PATCH', location, { body: bytes.subarray(5), headers: { 'Content-Range': '5-9' } })).status).toBe(202)
    expect((await send('PUT', `${location}?digest=${digestOf(bytes)}`)).status).toBe(201)
  })

  test('a range and a length that differ', async () => {
    const refused = await send('PATCH', await open(), { body: 'abc', headers: { 'Content-Range': '0-9' } })
    expect([refused.status, refused.code]).toEqual([400, 'SIZE_INVALID'])
  })

  test('a wrong digest is refused, and the right one closes the same session', async () => {
    const bytes = Buffer.from('second try')
    const location = await open()
    await send('PATCH', location, { body: bytes })
    const refused = await send('PUT', `${location}?digest=${digestOf(Buffer.from('x'))}`)
    expect([refused.status, refused.code]).toEqual([400, 'DIGEST_INVALID'])
    expect((await send('PUT', `${location}?digest=${digestOf(bytes)}`)).status).toBe(201)
    await readable(digestOf(bytes), bytes)
  })

  test('of eight PATCHes at once one is stored, and the bytes are its', async () => {
    const location = await open()
    const chunks = Array.from({ length: 8 }, (_, index) => Buffer.alloc(200_000, String(index)))
    const answers = await Promise.all(chunks.map((body) => send('PATCH', location, { body, headers: { 'Content-Range': '0-199999' } })))
    const winners = answers.flatMap(({ status }, index) => (status === 202 ? [index] : []))
    expect(winners).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 416)).toHaveLength(7)
    const digest = digestOf(chunks[winners[0]!]!)
    expect((await send('PUT', `${location}?digest=${digest}`)).status).toBe(201)
    await readable(digest, chunks[winners[0]!]!)
  })
})

describe('answers that were lost', () => {
  test('a closing PUT that is sent twice is answered twice', async () => {
    const bytes = Buffer.from('sent twice')
    const location = await open()
    await send('PATCH', location, { body: bytes })
    for (const _ of [1, 2, 3]) {
      const answer = await send('PUT', `${location}?digest=${digestOf(bytes)}`)
      expect([answer.status, answer.headers['docker-content-digest']]).toEqual([201, digestOf(bytes)])
    }
    expect((await send('PATCH', location, { body: 'more' })).code).toBe('BLOB_UPLOAD_UNKNOWN')
  })

  test('a client that is cut off in the middle goes on behind the last stored byte', async () => {
    const bytes = Buffer.alloc(400_000, 'cut')
    const location = await open()
    await cutOff(location, bytes)
    let range = '0-0'
    while (range === '0-0') {
      await sleep(10)
      range = (await send('GET', location)).headers['range']!
    }
    const offset = Number(range.slice(2)) + 1
    expect(offset).toBeLessThanOrEqual(bytes.length / 2)
    // The request that was cut off may still be about to let go of the session.
    let answer = await send('PATCH', location, {
      body: bytes.subarray(offset),
      headers: { 'Content-Range': `${offset}-${bytes.length - 1}` },
    })
    while (answer.status === 416) {
      await sleep(10)
      answer = await send('PATCH', location, {
        body: bytes.subarray(offset),
        headers: { 'Content-Range': `${offset}-${bytes.length - 1}` },
      })
    }
    expect(answer.status).toBe(202)
    expect((await send('PUT', `${location}?digest=${digestOf(bytes)}`)).status).toBe(201)
    await readable(digestOf(bytes), bytes)
  })

  async function cutOff(location: string, bytes: Buffer): Promise<void> {
    const token = await running.bearer('repository:team/app:pull,push')
    const socket = connect(running.port, '127.0.0.1')
    const head = `PATCH ${location} HTTP/1.1\r\nHost: ${running.hostOf(running.registry)}\r\nAuthorization: ${token}\r\nContent-Length: ${bytes.length}\r\n\r\n`
    socket.write(head)
    await new Promise((resolve) => socket.write(bytes.subarray(0, bytes.length / 2), resolve))
    await sleep(50)
    socket.resetAndDestroy()
  }
})

describe('whose session it is', () => {
  test('it can be cancelled, and is gone then', async () => {
    const location = await open()
    await send('PATCH', location, { body: 'abc' })
    expect((await send('DELETE', location)).status).toBe(204)
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const answer = await send(method, location)
      expect([answer.status, answer.code]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN'])
    }
  })

  test('another repository and another registry do not see it', async () => {
    const location = await open()
    const elsewhere = clientOf(running, await running.bearer('repository:mine/x:pull,push'))
    expect((await elsewhere('PATCH', location.replace('team/app', 'mine/x'), { body: 'x' })).code).toBe('BLOB_UPLOAD_UNKNOWN')
    const neighbour = clientOf(running, await running.bearer('repository:team/app:pull,push', running.neighbour), running.neighbour)
    expect((await neighbour('PATCH', location, { body: 'x' })).code).toBe('BLOB_UPLOAD_UNKNOWN')
    expect((await send('GET', location)).headers['range']).toBe('0-0')
  })

  test('it goes on with an expired token of the same principal, and with no other', async () => {
    const location = await open()
    running.advance(2 * 60 * 60 * 1000)
    expect((await send('POST', root)).headers['www-authenticate']).toContain('error="invalid_token"')
    const bytes = Buffer.from('a slow push')
    expect((await send('PATCH', location, { body: bytes })).status).toBe(202)
    expect((await send('GET', location)).status).toBe(204)
    expect((await send('PUT', `${location}?digest=${digestOf(bytes)}`)).status).toBe(201)
    expect((await send('GET', `/v2/team/app/blobs/${digestOf(bytes)}`)).status).toBe(401)
    send = clientOf(running, await running.bearer('repository:team/app:pull,push,delete'))
    await readable(digestOf(bytes), bytes)
  })

  test('it ends a day after its last byte', async () => {
    const location = await open()
    running.advance(25 * 60 * 60 * 1000)
    const fresh = clientOf(running, await running.bearer('repository:team/app:pull,push'))
    expect((await fresh('PATCH', location, { body: 'x' })).code).toBe('BLOB_UPLOAD_UNKNOWN')
  })
})
