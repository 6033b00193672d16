import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { Refused, send } from '../raw/http.ts'
import type { Answer, Call } from '../raw/http.ts'
import type { History } from './history.ts'

/** The connection broke, or a dependency was away: whether the operation happened, nobody knows. It has to be asked for again. */
export class Lost extends Error {}

/** Another writer holds the upload, and may be one that died. The same request can be sent again later. */
export class Claimed extends Error {}

/** The server answered what it must not; that is in the history by now. Whatever this was a step of is given up. */
export class Unexpected extends Error {}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly digest: string
}

/** What a request is in the history. */
export interface Subject {
  readonly op: string
  /** The thing that it is about: `tag crash/p1:v1`, `blob crash/p1 sha256:…`. */
  readonly key: string
  readonly value?: string | undefined
}

export interface Client {
  readonly name: string
  readonly history: History
  /** Sends one request and reads the answer to its end. Throws Lost and Unexpected. */
  /** `expected` is asked when the answer is there: what a server may have forgotten can change while a request is under way. */
  ask(subject: Subject, expected: readonly number[] | (() => readonly number[]), path: string, call?: Call): Promise<Reply>
}

export interface ClientOptions {
  readonly name: string
  readonly history: History
  /** Where the server is now: it may be another one after a failover. */
  readonly host: () => string
  readonly authorization: string
}

/** Longer than any limit of the server: who waits for so long was forgotten. */
const patience = 45_000

/** Statuses that say that nothing can be said. */
const unavailable: readonly number[] = [429, 503, 507]

export function createClient({ name, history, host, authorization }: ClientOptions): Client {
  return {
    name,
    history,
    async ask({ op, key, value }, expected, path, call = {}) {
      const start = history.now()
      const note = (result: 'ok' | 'fail' | 'info', status?: number, read = value): void =>
        history.record({ process: name, op, key, value: read, start, end: history.now(), result, status })
      const signal = AbortSignal.timeout(patience)
      const reply = await exchange(host(), path, { ...call, signal, headers: { authorization, ...call.headers } }).catch((error: Error) => {
        note('info')
        if (signal.aborted) history.violated(`${op} got no answer within ${patience / 1000} s`, key)
        throw new Lost(`${op} ${key}: ${error.message}`)
      })
      const fitting = typeof expected === 'function' ? expected() : expected
      if (fitting.includes(reply.status)) {
        note('ok', reply.status, op === 'read' ? valueOf(reply) : value)
        return reply
      }
      if (unavailable.includes(reply.status)) {
        note('info', reply.status)
        if (reply.headers['retry-after'] === undefined) history.violated(`${reply.status} without Retry-After to ${op}`, key)
        throw new Lost(`${op} ${key}: ${reply.status}`)
      }
      note('fail', reply.status)
      const said = new Refused(`${call.method ?? 'GET'} ${path}`, reply.status, reply.body.toString()).message
      history.violated(`${op} of ${key}: ${said}; expected ${fitting.join(' or ')}`, key)
      throw new Unexpected(said)
    },
  }
}

/** What a register would have answered: the digest of the bytes that came, or nothing. */
function valueOf({ status, digest }: Reply): string | undefined {
  return status === 200 ? digest : undefined
}

/** Storage may be where the answer points to. */
async function exchange(host: string, path: string, call: Call): Promise<Reply> {
  const answer = await send(host, path, call)
  const { location } = answer.headers
  if (answer.status !== 307 || location === undefined) return await whole(answer)
  await whole(answer)
  const url = new URL(location)
  const { signal } = call
  return await whole(await send(url.host, `${url.pathname}${url.search}`, { ...(signal !== undefined && { signal }) }))
}

/** Rejects where the connection ends before the answer does. */
async function whole({ status, headers, body }: Answer): Promise<Reply> {
  const hash = createHash('sha256')
  const chunks: Buffer[] = []
  for await (const chunk of body as AsyncIterable<Buffer>) {
    hash.update(chunk)
    chunks.push(chunk)
  }
  return { status, headers, body: Buffer.concat(chunks), digest: `sha256:${hash.digest('hex')}` }
}
