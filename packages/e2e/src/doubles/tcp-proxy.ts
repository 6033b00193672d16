import { createConnection, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** How connections fare: `stall` takes them and lets nothing through, as a network that drops packets. */
export type Traffic = 'pass' | 'refuse' | 'stall'

/** Stands between a server under test and something it depends on. */
export interface TcpProxy {
  readonly port: number
  set(traffic: Traffic): Promise<void>
  /** Breaks all connections; new ones are welcome. */
  cut(): void
  /** Where connections lead from now on. */
  redirect(port: number): void
  close(): Promise<void>
}

interface Pair {
  readonly client: Socket
  server: Socket | undefined
}

export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>()
  let traffic: Traffic = 'pass'
  let destination = target

  const join = (pair: Pair): void => {
    const { client } = pair
    const server = createConnection(destination, '127.0.0.1')
    pair.server = server
    client.pipe(server).pipe(client)
    for (const socket of [client, server]) {
      socket.on('error', () => undefined)
      socket.on('close', () => drop(pair))
    }
  }
  const drop = (pair: Pair): void => {
    pairs.delete(pair)
    pair.client.destroy()
    pair.server?.destroy()
  }
  const accept = (client: Socket): void => {
    const pair: Pair = { client, server: undefined }
    pairs.add(pair)
    client.on('error', () => drop(pair))
    if (traffic === 'pass') join(pair)
  }

  let listener = await listen(0, accept)
  const { port } = listener.address() as { readonly port: number }
  const cut = (): void => {
    for (const pair of pairs) drop(pair)
  }

  return {
    port,
    async set(next) {
      if (traffic === 'refuse' && next !== 'refuse') listener = await listen(port, accept)
      if (traffic !== 'refuse' && next === 'refuse') await close(listener, cut)
      for (const pair of pairs) {
        if (next === 'stall') hold(pair)
        if (next === 'pass' && traffic === 'stall') {
          if (pair.server === undefined) join(pair)
          else release(pair)
        }
      }
      traffic = next
    },
    cut,
    redirect: (to) => void (destination = to),
    close: () => (traffic === 'refuse' ? Promise.resolve() : close(listener, cut)),
  }
}

function hold({ client, server }: Pair): void {
  client.unpipe()
  server?.unpipe()
  client.pause()
  server?.pause()
}

function release({ client, server }: Pair): void {
  client.pipe(server!)
  server!.pipe(client)
}

function listen(port: number, accept: (client: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ pauseOnConnect: false }, accept)
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

async function close(server: Server, cut: () => void): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  cut()
  await closed
}
