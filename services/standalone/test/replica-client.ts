import { request } from 'node:http'
import type { Agent, OutgoingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'

/** The login server that all replicas answer for, whatever their ports are. */
export const loginServer = 'myregistry-contoso.localhost:7777'
export const password = 'correct-horse-battery-staple'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

export interface Call {
  readonly headers?: OutgoingHttpHeaders
  readonly body?: Buffer | Readable
  readonly agent?: Agent
}

/** Asks the replica that listens on that port. Rejects where the connection fails. */
export function ask(port: number, method: string, path: string, { headers = {}, body, agent }: Call = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = Buffer.isBuffer(body) ? { 'Content-Length': body.length } : body === undefined ? { 'Content-Length': 0 } : {}
    const authorization = `Basic ${Buffer.from(`myregistry:${password}`).toString('base64')}`
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        agent: agent ?? false,
        headers: { Host: loginServer, authorization, ...length, ...headers },
      },
      (res) => {
        const parts: Buffer[] = []
        res.on('data', (part: Buffer) => parts.push(part))
        res.on('error', reject)
        res.on('end', () => resolve({ status: res.statusCode!, headers: res.headers as Answer['headers'], body: Buffer.concat(parts) }))
      },
    )
    sent.on('error', reject)
    if (body === undefined || Buffer.isBuffer(body)) sent.end(body)
    else body.on('error', () => sent.destroy()).pipe(sent)
  })
}

/** Path and query of the Location that an answer names: the next request may go to any replica. */
export function locationOf({ headers }: Answer): string {
  const { pathname, search } = new URL(headers['location']!, `http://${loginServer}`)
  return `${pathname}${search}`
}

export function withDigest(location: string, digest: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`
}

/** How many bytes a session holds, by its Range header. */
export function offsetIn({ headers }: Answer): number {
  const [, last] = /^(?:bytes=)?0-(\d+)$/.exec(headers['range'] ?? '') ?? []
  return last === undefined || last === '0' ? 0 : Number(last) + 1
}
