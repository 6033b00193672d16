import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request that passed, or was to pass. */
export interface ProxiedCall {
  /** Counts from 1. */
  readonly number: number
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** What kind of call it is, by `nameOf`. */
  readonly name: string
}

/** What went over the wire for a call; bytes of bodies. */
export interface CallRecord extends ProxiedCall {
  readonly up: number
  readonly down: number
  /** 0 where no answer was given. */
  readonly status: number
}

interface Answer {
  readonly status: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

export type Fault =
  /** Answered without asking the server. */
  | ({ readonly kind: 'answer' } & Answer)
  /** Answered so after the server did what it was asked. */
  | ({ readonly kind: 'answer instead' } & Answer)
  /** The connection is reset when so many bytes of the request's body came; the server sees a broken request, or none. */
  | { readonly kind: 'cut request'; readonly after: number }
  /** A bit of the request's body changes on its way. */
  | { readonly kind: 'change request' }
  /** The connection is reset when so many bytes of the answer's body were passed on; the server did what it was asked. */
  | { readonly kind: 'cut answer'; readonly after: number }
  /** The server did what it was asked, and the connection is reset instead of an answer. */
  | { readonly kind: 'lose answer' }
  /** Nothing happens any more, neither here nor at the server. */
  | { readonly kind: 'stall' }
  /** Head and so many bytes of the answer come, then nothing more. The server is let go, since some hold locks while they answer. */
  | { readonly kind: 'stall answer'; readonly after: number }

export interface FaultProxySettings {
  /** Origin of the server. */
  readonly upstream: string
  /** Names a call for tables and for `fault`. */
  readonly nameOf?: (method: string, target: string) => string
  readonly fault?: (call: ProxiedCall) => Fault | undefined
}

export interface FaultProxy {
  /** Origin, without a slash at the end. */
  readonly endpoint: string
  readonly calls: readonly CallRecord[]
  /** Sets what happens from now on, and counts from 1 again. */
  reset(fault?: FaultProxySettings['fault']): void
  stop(): Promise<void>
}

/**
 * Stands between a client and an HTTP server, counts what passes, and breaks what it is told to break. The host header passes as it is, so that
 * signatures stay valid.
 */
export async function startFaultProxy(settings: FaultProxySettings): Promise<FaultProxy> {
  const { upstream, nameOf = (method) => method } = settings
  let fault = settings.fault
  let calls: CallRecord[] = []
  let count = 0

  const server = createServer((incoming, answer) => {
    const { method = '', url: target = '' } = incoming
    count += 1
    const call = { number: count, method, target, name: nameOf(method, target) }
    const into = calls
    const index = into.push({ ...call, up: 0, down: 0, status: 0 }) - 1
    const record = (change: Partial<CallRecord>) => (into[index] = { ...into[index]!, ...change })
    incoming.on('error', () => {})
    answer.on('error', () => {})
    pass({ upstream, incoming, answer, fault: fault?.(call), record })
  })
  // A client that waits for it gets it at once: the fault comes with the body.
  server.on('checkContinue', (incoming: IncomingMessage, answer: ServerResponse) => {
    answer.writeContinue()
    server.emit('request', incoming, answer)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    endpoint: `http://127.0.0.1:${port}`,
    get calls() {
      return calls
    },
    reset(next) {
      fault = next
      calls = []
      count = 0
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Passage {
  readonly upstream: string
  readonly incoming: IncomingMessage
  readonly answer: ServerResponse
  readonly fault: Fault | undefined
  readonly record: (change: Partial<CallRecord>) => void
}

function pass({ upstream, incoming, answer, fault, record }: Passage): void {
  const cut = () => incoming.socket.resetAndDestroy()
  if (fault?.kind === 'stall') return
  if (fault?.kind === 'answer') {
    // Read to its end first: many clients do not look at an answer before they have sent everything.
    incoming.on('end', () => reply(answer, fault, record)).resume()
    return
  }
  const onward = request(new URL(incoming.url ?? '/', upstream), { method: incoming.method, headers: incoming.headers, agent: false })
  onward.on('error', cut)
  onward.on('response', (response) => passBack({ response, answer, fault, record, cut }))
  answer.on('close', () => onward.destroy())

  let up = 0
  incoming.on('data', (chunk: Buffer) => {
    if (fault?.kind === 'change request' && up === 0) chunk[0]! ^= 1
    up += chunk.length
    record({ up })
    if (fault?.kind === 'cut request' && up >= fault.after) {
      onward.destroy()
      cut()
    } else if (!onward.write(chunk)) {
      incoming.pause()
      onward.once('drain', () => incoming.resume())
    }
  })
  incoming.on('end', () => {
    if (fault?.kind === 'cut request') cut()
    else onward.end()
  })
}

interface WayBack extends Pick<Passage, 'answer' | 'fault' | 'record'> {
  readonly response: IncomingMessage
  readonly cut: () => void
}

function passBack({ response, answer, fault, record, cut }: WayBack): void {
  response.on('error', cut)
  if (fault?.kind === 'lose answer') response.on('end', cut).resume()
  else if (fault?.kind === 'answer instead') response.on('end', () => reply(answer, fault, record)).resume()
  else {
    const limit = fault?.kind === 'cut answer' || fault?.kind === 'stall answer' ? fault.after : Infinity
    let down = 0
    record({ status: response.statusCode ?? 0 })
    answer.writeHead(response.statusCode ?? 502, response.rawHeaders)
    answer.flushHeaders()
    if (limit === 0 && fault?.kind === 'cut answer') cut()
    response.on('data', (chunk: Buffer) => {
      const part = chunk.subarray(0, Math.max(0, limit - down))
      down += part.length
      record({ down })
      const wantsMore = answer.write(part)
      if (down < limit) {
        if (wantsMore) return
        response.pause()
        answer.once('drain', () => response.resume())
      } else if (fault?.kind === 'cut answer') answer.write('', cut)
      else {
        response
          .off('error', cut)
          .on('error', () => {})
          .destroy()
      }
    })
    response.on('end', () => {
      if (limit === Infinity || down < limit) answer.end()
    })
  }
}

function reply(answer: ServerResponse, { status, body = '', headers = {} }: Answer, record: Passage['record']): void {
  record({ status, down: body.length })
  answer.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers }).end(body)
}
