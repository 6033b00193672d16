import { once } from 'node:events'
import { Agent, request as send } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { lingerAndClose } from './linger-and-close.ts'
import { listen } from './listen.ts'
import type { Handler, Listening } from './listen.ts'

let server: Listening | undefined
afterEach(async () => {
  await server?.drain(0)
})

/** A server that refuses every request, and the connections it saw. */
async function refusing(before: Handler = () => undefined): Promise<{ readonly port: number; readonly sockets: Socket[] }> {
  const sockets: Socket[] = []
  server = await listen({
    host: '127.0.0.1',
    port: 0,
    handler: (request, response) => {
      sockets.push(request.socket)
      before(request, response)
      response.statusCode = 413
      lingerAndClose(request, response)
      response.end('refused')
    },
  })
  return { port: server.port, sockets }
}

const megabyte = Buffer.alloc(1024 * 1024)

/** Sends up to a gigabyte and goes on whatever the server says; reads only at the end, as a client in one thread does. */
async function sendStubbornly(port: number, head: string): Promise<{ readonly answer: string; readonly sent: number }> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  const parts: Buffer[] = []
  socket.on('data', (part: Buffer) => parts.push(part))
  // Not by `once` of node:events, which rejects where the socket breaks before it closes: that is what this client is for.
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(head)
  let sent = 0
  while (sent < 1024 && !socket.destroyed) {
    sent += 1
    if (!socket.write(megabyte)) await Promise.race([once(socket, 'drain').catch(() => undefined), closed])
  }
  await closed
  return { answer: Buffer.concat(parts).toString(), sent }
}

describe('a request that is refused while its body is on its way', () => {
  test.each([
    ['with a length', `PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ${1024 * 1024 * 1024}\r\n\r\n`],
    ['with one chunk without end', 'PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n40000000\r\n'],
  ])('%s: the client gets the answer, little is read, the connection ends', async (_kind, head) => {
    const { port, sockets } = await refusing()
    const { answer, sent } = await sendStubbornly(port, head)
    expect(answer).toMatch(/^HTTP\/1\.1 413 [^]*connection: close[^]*refused$/i)
    expect(sent).toBeLessThan(1024)
    expect(sockets[0]!.bytesRead).toBeLessThanOrEqual(2 * 1024 * 1024)
    if (!sockets[0]!.destroyed) await once(sockets[0]!, 'close')
  })

  test('the same when the handler had read some of it', async () => {
    const { port, sockets } = await refusing((request) => {
      request.on('data', () => undefined).pause()
    })
    const { answer } = await sendStubbornly(port, `PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ${1024 * 1024 * 1024}\r\n\r\n`)
    expect(answer).toContain('refused')
    expect(sockets[0]!.bytesRead).toBeLessThanOrEqual(2 * 1024 * 1024)
  })

  test('a client that waits for 100 Continue is not asked for the body', async () => {
    const { port, sockets } = await refusing()
    const client = send({ port, host: '127.0.0.1', method: 'PUT', headers: { expect: '100-continue', 'content-length': 100_000_000 } })
    client.on('error', () => undefined)
    let asked = false
    client.on('continue', () => (asked = true))
    client.flushHeaders()
    const [answer] = (await once(client, 'response')) as [{ statusCode: number; resume(): void }]
    answer.resume()
    await once(client, 'close')
    expect(answer.statusCode).toBe(413)
    expect(asked).toBe(false)
    expect(sockets[0]!.bytesRead).toBeLessThan(1000)
  })
})

test('a connection whose body is short stays usable', async () => {
  const { port, sockets } = await refusing()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (let round = 0; round < 3; round += 1) {
    const client = send({ port, host: '127.0.0.1', method: 'PUT', agent })
    client.end('x'.repeat(1000))
    const [answer] = (await once(client, 'response')) as [NodeJS.ReadableStream & { statusCode: number }]
    answer.resume()
    await once(answer, 'end')
    expect(answer.statusCode).toBe(413)
  }
  expect(new Set(sockets).size).toBe(1)
  agent.destroy()
})
