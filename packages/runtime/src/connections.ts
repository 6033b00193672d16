import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** The open connections of some servers, and what is being answered on them. */
export interface Connections {
  /** Answers that are not finished yet, by connection. */
  answering(socket: Socket): boolean
  /** Whether bytes of an answer have been written already. */
  answerBegun(socket: Socket): boolean
  watch(server: Server): void
  /** Counts an answer in until its connection is done with it. */
  begin(socket: Socket, response: ServerResponse): void
  readonly responses: () => Iterable<ServerResponse>
  /** Closes connections on which nothing is being answered; new ones get a moment to send their first request. */
  closeUnused(): void
  /** Ends whatever is left; tells how many connections that were. */
  destroyAll(): number
}

export function trackConnections(connectionsPerAddress: number): Connections {
  const open = new Set<Socket>()
  const perAddress = new Map<string, number>()
  const active = new Map<Socket, Set<ServerResponse>>()

  const admit = (socket: Socket): void => {
    const address = socket.remoteAddress ?? ''
    const count = (perAddress.get(address) ?? 0) + 1
    if (count > connectionsPerAddress) {
      socket.destroy()
      return
    }
    perAddress.set(address, count)
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      const left = (perAddress.get(address) ?? 1) - 1
      if (left === 0) perAddress.delete(address)
      else perAddress.set(address, left)
    })
  }
  return {
    answering: (socket) => active.has(socket),
    answerBegun: (socket) => [...(active.get(socket) ?? [])].some((response) => response.headersSent),
    watch: (server) => {
      server.prependListener('connection', admit)
    },
    begin(socket, response) {
      const responses = active.get(socket) ?? new Set()
      active.set(socket, responses.add(response))
      response.once('close', () => {
        responses.delete(response)
        if (responses.size === 0) active.delete(socket)
      })
    },
    responses: function* () {
      for (const responses of active.values()) yield* responses
    },
    closeUnused() {
      const busy = new Set([...active.keys()].map(addressPair))
      for (const socket of open) if (!busy.has(addressPair(socket))) socket.destroySoon()
    },
    destroyAll() {
      const count = open.size
      for (const socket of open) socket.destroy()
      return count
    },
  }
}

/** Under TLS an answer hangs on the encrypted socket and `open` holds the one below; both have the same two ends. */
function addressPair(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`
}
