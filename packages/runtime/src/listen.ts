import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { Server as TcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerClientError } from './client-error.ts'
import { trackConnections } from './connections.ts'
import type { Connections } from './connections.ts'
import { continueWhenRead } from './continue-when-read.ts'
import type { Certificate } from './certificate.ts'
import { defaultLimits, serverOptions } from './server-limits.ts'
import type { ServerLimits } from './server-limits.ts'

export { lingerAndClose } from './linger-and-close.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

export interface ListenOptions {
  /** An address, or `localhost` for both loopback addresses. */
  readonly host: string
  /** 0 for any free one, the same on all addresses. */
  readonly port: number
  readonly handler: Handler
  /** Then it speaks HTTPS. */
  readonly certificate?: Certificate
  readonly limits?: Partial<ServerLimits>
}

export interface Listening {
  readonly port: number
  readonly addresses: readonly string[]
  /**
   * Stops accepting, and lets active requests finish for `grace` milliseconds, each with `Connection: close`. Connections without a
   * request are closed after half a second: a request that was on its way to them is still answered. What is left when the grace is
   * over is cut off. Answers how many connections that were; never rejects. May be called again to shorten the grace.
   */
  drain(grace: number): Promise<number>
}

/** The address cannot be had. The message is a sentence for whoever started the program. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen'
}

/** Milliseconds that a connection gets to send one more request when the server stops. */
const requestGrace = 500

interface State {
  draining: boolean
  /** Resolves when the last connection is gone; set once draining. */
  closed?: Promise<unknown>
}

export async function listen(options: ListenOptions): Promise<Listening> {
  const limits = { ...defaultLimits, ...options.limits }
  const connections = trackConnections(limits.connectionsPerAddress)
  const state: State = { draining: false }
  const build = (): Server => buildServer(options, limits, connections, state)
  const servers = await bind(options.host, options.port, build)
  return {
    port: (servers[0]!.address() as AddressInfo).port,
    addresses: servers.map((server) => (server.address() as AddressInfo).address),
    drain: (grace) => drain(servers, connections, state, grace),
  }
}

/** A port that nothing uses at the moment, for programs that have to know theirs before they listen. */
export async function freePort(host: string): Promise<number> {
  const servers = await bind(host, 0, () => createServer())
  const { port } = servers[0]!.address() as AddressInfo
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return port
}

function buildServer(options: ListenOptions, limits: ServerLimits, connections: Connections, state: State): Server {
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    connections.begin(request.socket, response)
    if (state.draining) response.setHeader('Connection', 'close')
    options.handler(request, response)
  }
  const server =
    options.certificate === undefined ? createServer(serverOptions(limits)) : createRenewableServer(options.certificate, limits)
  server.timeout = limits.progressTimeout
  server.maxRequestsPerSocket = 0
  connections.watch(server)
  server.on('request', serve)
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    continueWhenRead(request, response)
    serve(request, response)
  })
  server.on('clientError', (error: Error, socket) => answerClientError(error, socket as never, connections.answerBegun(socket as never)))
  return server
}

function createRenewableServer(certificate: Certificate, limits: ServerLimits): Server {
  const server = createTlsServer({ ...serverOptions(limits), ...certificate.current(), handshakeTimeout: limits.handshakeTimeout })
  certificate.onChange((pair) => server.setSecureContext(pair))
  return server
}

/** With port 0 the second address gets the port that the first one was given, which somebody else may hold there: then once more. */
async function bind(host: string, port: number, build: () => Server): Promise<readonly Server[]> {
  const [first, ...others] = host === 'localhost' ? ['127.0.0.1', '::1'] : [host]
  for (let attempt = 1; ; attempt += 1) {
    const servers = [await bindOne(first, port, build())]
    try {
      for (const address of others) {
        const server = await bindOne(address, (servers[0]!.address() as AddressInfo).port, build()).catch(unlessMissing)
        if (server !== undefined) servers.push(server)
      }
      return servers
    } catch (error) {
      for (const server of servers) server.close()
      if (port !== 0 || attempt === 5) throw error
    }
  }
}

/** A machine without IPv6 is served on the other loopback address alone. */
function unlessMissing(error: unknown): undefined {
  const reason = (error as CannotListen).cause as NodeJS.ErrnoException
  if (reason.code !== 'EADDRNOTAVAIL' && reason.code !== 'EAFNOSUPPORT') throw error
}

async function bindOne(host: string, port: number, server: Server): Promise<Server> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(new CannotListen(reasonWhy(error, host, port), { cause: error }))
    server.once('error', failed)
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off('error', failed)
      resolve(server)
    })
  })
}

function reasonWhy(error: NodeJS.ErrnoException, host: string, port: number): string {
  const where = `port ${port} on ${host}`
  if (error.code === 'EADDRINUSE') return `${where} is used by another program: stop that one or choose another port`
  if (error.code === 'EACCES') return `${where} is not allowed for this account: choose a port above 1023`
  if (error.code === 'EADDRNOTAVAIL') return `${host} is no address of this machine`
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') return `${host} is no address and no name that resolves to one`
  return `${where} cannot be used: ${error.message}`
}

async function drain(servers: readonly Server[], connections: Connections, state: State, grace: number): Promise<number> {
  const stop = new AbortController()
  const waits = [sleep(grace, undefined, { signal: stop.signal }).then(() => connections.destroyAll())]
  if (!state.draining) {
    state.draining = true
    state.closed = Promise.all(servers.map(close))
    endWithAnswers(connections)
    waits.push(sleep(Math.min(requestGrace, grace), 0, { signal: stop.signal }).then(() => (connections.closeUnused(), 0)))
  }
  const cut = await Promise.race([state.closed!.then(() => 0), waits[0]!])
  await state.closed
  stop.abort()
  await Promise.allSettled(waits)
  return cut
}

/**
 * Stops listening. Not by the HTTP server's own `close`, which at once destroys connections that wait for a request: the client that is
 * just sending one on them would see it fail, and cannot know whether it was carried out.
 */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    TcpServer.prototype.close.call(server, () => {
      // Ends the looking for slow connections, of which there are none any more.
      server.close(() => undefined)
      resolve()
    })
  })
}

/** Each connection ends with the answer that is on its way. */
function endWithAnswers(connections: Connections): void {
  for (const response of connections.responses()) {
    const { socket } = response
    if (response.headersSent) response.once('close', () => socket?.destroySoon())
    else response.setHeader('Connection', 'close')
  }
}
