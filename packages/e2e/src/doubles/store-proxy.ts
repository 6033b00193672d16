import { createServer, request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** What happens to a request to object storage. */
export type StoreFault =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  /** Nothing ever comes back. */
  | { readonly kind: 'stall' }
  /** The connection breaks at once. */
  | { readonly kind: 'break' }
  /** The storage does what it is asked, and the connection breaks before its answer. */
  | { readonly kind: 'lose' }
  /** The answer breaks off behind so many bytes of its body. */
  | { readonly kind: 'cut'; readonly after: number }
  /** One bit of the answer's body is another one. */
  | { readonly kind: 'flip'; readonly at: number }

/** An HTTP proxy before object storage. */
export interface StoreProxy {
  readonly port: number
  /** Chooses the fault of each request from now on; undefined lets it through. */
  fail(choose: Choose): void
  /** Everything gets through again; requests that hang are cut off. */
  heal(): void
  close(): Promise<void>
}

type Choose = (method: string, target: string) => StoreFault | undefined

const healthy: Choose = () => undefined

export async function startStoreProxy(target: number): Promise<StoreProxy> {
  let choose = healthy
  const hanging = new Set<ServerResponse>()
  const server = createServer((incoming, outgoing) => {
    const fault = choose(incoming.method ?? '', incoming.url ?? '')
    if (fault?.kind === 'stall') {
      hanging.add(outgoing)
      incoming.resume()
    } else if (fault?.kind === 'break') incoming.socket.resetAndDestroy()
    else if (fault?.kind === 'answer') {
      // The request is read to its end: who still sends would see a broken connection and not the answer.
      incoming.resume().on('end', () => {
        outgoing.writeHead(fault.status, { 'content-type': 'application/xml', ...fault.headers })
        outgoing.end(incoming.method === 'HEAD' ? undefined : fault.body)
      })
    } else forward(target, incoming, outgoing, fault)
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const heal = (): void => {
    choose = healthy
    for (const outgoing of hanging) outgoing.destroy()
    hanging.clear()
  }
  return {
    port: (server.address() as { readonly port: number }).port,
    fail: (chosen) => void (choose = chosen),
    heal,
    close: async () => {
      heal()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function forward(port: number, incoming: IncomingMessage, outgoing: ServerResponse, fault: StoreFault | undefined): void {
  const { method, url, rawHeaders } = incoming
  // Host and all that is signed stay as they are. `Expect` was answered here.
  const headers = rawHeaders.flatMap((name, index) =>
    index % 2 === 1 || name.toLowerCase() === 'expect' ? [] : [[name, rawHeaders[index + 1]!] as const],
  )
  const upstream = request({ host: '127.0.0.1', port, method, path: url, setHost: false, headers: headers.flat() })
  const fail = (): void => void outgoing.destroy()
  upstream.on('error', fail)
  upstream.on('response', (answer) => {
    if (fault?.kind === 'lose') {
      answer.resume().on('end', fail)
      return
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    outgoing.flushHeaders()
    pipeline(answer, damaging(fault), outgoing).catch(fail)
  })
  pipeline(incoming, upstream).catch(() => upstream.destroy())
}

function damaging(fault: StoreFault | undefined): Transform {
  let position = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const start = position
      position += chunk.length
      if (fault?.kind === 'cut' && position > fault.after) {
        this.push(chunk.subarray(0, Math.max(0, fault.after - start)))
        // What was pushed has to leave first.
        setTimeout(() => done(new Error('cut')), 20)
        return
      }
      if (fault?.kind === 'flip' && start <= fault.at && fault.at < position) {
        const damaged = Buffer.from(chunk)
        damaged[fault.at - start]! ^= 1
        return done(null, damaged)
      }
      done(null, chunk)
    },
  })
}
