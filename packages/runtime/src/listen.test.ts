import { once } from 'node:events'
import { Agent, get } from 'node:http'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { listen } from './listen.ts'
import type { Handler, Listening, ListenOptions } from './listen.ts'

const open: Listening[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.drain(0)))
})

async function start(handler: Handler, options: Partial<ListenOptions> = {}): Promise<Listening> {
  const server = await listen({ host: '127.0.0.1', port: 0, handler, ...options })
  open.push(server)
  return server
}

async function dial(server: Listening): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** All that arrives until the other side ends or destroys the connection. */
async function allOf(socket: Socket): Promise<string> {
  const parts: Buffer[] = []
  socket.on('data', (part: Buffer) => parts.push(part))
  await once(socket, 'close')
  return Buffer.concat(parts).toString()
}

async function receives(socket: Socket, text: string): Promise<void> {
  let all = ''
  for await (const part of socket.iterator({ destroyOnReturn: false })) {
    all += String(part)
    if (all.includes(text)) return
  }
  throw new Error(`closed before ${text}, after ${all}`)
}

const count: Handler = (request, response) => {
  let length = 0
  request.on('data', (bytes: Buffer) => (length += bytes.length)).on('end', () => response.end(String(length)))
  request.on('error', () => undefined)
}

const hello: Handler = (_request, response) => response.end('hello')

describe('addresses', () => {
  test('localhost is both loopback addresses on one port', async () => {
    const server = await start(hello, { host: 'localhost' })
    expect(server.addresses[0]).toBe('127.0.0.1')
    for (const address of server.addresses) {
      const url = `http://${address.includes(':') ? `[${address}]` : address}:${server.port}/`
      expect(await (await fetch(url)).text()).toBe('hello')
    }
  })

  test('a port in use is a sentence', async () => {
    const { port } = await start(hello)
    await expect(listen({ host: '127.0.0.1', port, handler: hello })).rejects.toThrow(
      `port ${port} on 127.0.0.1 is used by another program: stop that one or choose another port`,
    )
  })
})

describe('limits', () => {
  test('a head that does not end in time is answered 408 and closed', async () => {
    const server = await start(hello, { limits: { headersTimeout: 100, checkingInterval: 20 } })
    const socket = await dial(server)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow:')
    expect(await allOf(socket)).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('a connection that never says anything is closed', async () => {
    const server = await start(hello, { limits: { headersTimeout: 100, checkingInterval: 20 } })
    await allOf(await dial(server))
  })

  test('a body without progress is cut off, one with progress is not', async () => {
    const server = await start(count, { limits: { progressTimeout: 400, headersTimeout: 100, checkingInterval: 20 } })
    const [stalled, flowing] = await Promise.all([dial(server), dial(server)])
    const head = 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\nConnection: close\r\n\r\n'
    stalled.write(`${head}abc`)
    flowing.write(head)
    let sent = 0
    const drip = setInterval(() => {
      flowing.write('x')
      sent += 1
      if (sent === 20) clearInterval(drip)
    }, 50)
    expect(await Promise.all([allOf(stalled), allOf(flowing)])).toEqual(['', expect.stringMatching(/20$/)])
  })

  test.each([
    ['a head that is too long', `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
    ['two lengths', 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd', 400],
    ['length and chunks', 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c: d\r\n\r\n', 400],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n', 400],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['another protocol', 'SSH-2.0-OpenSSH_9\r\n\r\n', 400],
  ])('%s is refused and the connection closed', async (_kind, head, status) => {
    const server = await start(hello)
    const socket = await dial(server)
    socket.write(head)
    const answer = await allOf(socket)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).not.toContain('hello')
    expect(answer).not.toMatch(/\bat .*:\d+/)
  })

  test('connections of one address above the cap are closed, others stay', async () => {
    const server = await start(hello, { limits: { connectionsPerAddress: 2 } })
    const first = await dial(server)
    await dial(server)
    await allOf(await dial(server))
    first.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await receives(first, 'hello')
  })
})

describe('Expect: 100-continue', () => {
  const head = 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n'

  test('the body is asked for when somebody reads it', async () => {
    const server = await start((request, response) => {
      request.on('data', (bytes: Buffer) => response.end(`got ${String(bytes)}`))
    })
    const socket = await dial(server)
    socket.write(head)
    await receives(socket, 'HTTP/1.1 100 Continue\r\n\r\n')
    socket.write('abc')
    expect(await allOf(socket)).toMatch(/^HTTP\/1\.1 200 OK[^]*got abc$/)
  })

  test('and not when the request is refused by its headers', async () => {
    const server = await start((_request, response) => {
      response.statusCode = 401
      response.end()
    })
    const socket = await dial(server)
    socket.write(head)
    expect(await allOf(socket)).toMatch(/^HTTP\/1\.1 401 /)
  })
})

describe('drain', () => {
  test('lets an active request finish, says that the connection ends, and accepts no new one', async () => {
    const { promise: response, resolve } = Promise.withResolvers<ServerResponse>()
    const server = await start((_request, arrived) => resolve(arrived))
    const socket = await dial(server)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await response
    const drained = server.drain(8000)
    await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow('fetch failed')
    ;(await response).end('late')
    expect(await allOf(socket)).toMatch(/connection: close[^]*late$/i)
    expect(await drained).toBe(0)
  })

  test('ends the connection also when the answer had begun', async () => {
    const { promise: response, resolve } = Promise.withResolvers<ServerResponse>()
    const server = await start((_request, arrived) => {
      arrived.write('begun ')
      resolve(arrived)
    })
    const socket = await dial(server)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await receives(socket, 'begun')
    const drained = server.drain(8000)
    ;(await response).end('ended')
    expect(await allOf(socket)).toContain('ended')
    expect(await drained).toBe(0)
  })

  test('closes idle connections, and those that never asked for anything', async () => {
    const server = await start(hello)
    const agent = new Agent({ keepAlive: true })
    const [answer] = (await once(get({ port: server.port, host: '127.0.0.1', agent }), 'response')) as [
      NodeJS.ReadableStream & { socket: Socket },
    ]
    const { socket } = answer
    answer.resume()
    await once(answer, 'end')
    const silent = await dial(server)
    const closed = Promise.all([once(socket, 'close'), allOf(silent)])
    expect(await server.drain(8000)).toBe(0)
    await closed
  })

  test('still answers a request that comes on a connection which waited for one, and says that it was the last', async () => {
    const server = await start(hello)
    const socket = await dial(server)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await receives(socket, 'hello')
    const drained = server.drain(8000)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(await allOf(socket)).toMatch(/connection: close[^]*hello$/i)
    expect(await drained).toBe(0)
  })

  test('asked for again, takes the shorter grace', async () => {
    const { promise: arrived, resolve } = Promise.withResolvers<void>()
    const server = await start(() => resolve())
    const socket = await dial(server)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await arrived
    const first = server.drain(600_000)
    expect(await server.drain(50)).toBe(1)
    await first
  })

  test('cuts off what does not finish, and tells how much that was', async () => {
    const server = await start(() => undefined)
    const socket = await dial(server)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await new Promise((resolve) => setTimeout(resolve, 50))
    const closed = allOf(socket)
    expect(await server.drain(100)).toBe(1)
    expect(await closed).toBe('')
  })
})
