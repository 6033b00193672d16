import { request } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Target } from '../runner/target.ts'

/** The protocol spoken by hand, for what no client does: to break off half-way, to send slowly, to look at every status. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: IncomingMessage
}

export interface Call {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | Readable
  readonly signal?: AbortSignal
}

/** Sends one request; always to this machine, the target only decides the port and the Host header. */
export function send(host: string, path: string, call: Call = {}): Promise<Answer> {
  const { body } = call
  const length = body === undefined || Buffer.isBuffer(body) ? { 'content-length': String(body?.length ?? 0) } : {}
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port: Number(host.split(':')[1] ?? 80),
      path,
      method: call.method ?? 'GET',
      headers: { host, ...(call.method === undefined || call.method === 'HEAD' ? {} : length), ...call.headers },
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    })
    outgoing.on('response', (incoming) => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: incoming }))
    outgoing.on('error', reject)
    // A server may answer early (507, 401) and close: then the answer counts, not the broken pipe.
    if (body instanceof Readable) pipeline(body, outgoing).catch(() => undefined)
    else outgoing.end(body)
  })
}

export async function readAll(answer: Answer): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of answer.body) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** A status that the caller did not hope for. */
export class Refused extends Error {
  readonly status: number
  readonly text: string
  constructor(what: string, status: number, text: string) {
    super(`${what} answered ${status}: ${text.slice(0, 500)}`)
    this.status = status
    this.text = text
  }
}

/** Passes answers of the expected status on; everything else is Refused, with the body read. */
export async function expectStatus(what: string, answer: Answer, ...expected: readonly number[]): Promise<Answer> {
  if (expected.includes(answer.status)) return answer
  throw new Refused(what, answer.status, (await readAll(answer)).toString())
}

/** The Authorization header for everything in these repositories: asks where the challenge says, for all actions at once. */
export async function authorize(target: Target, ...repositories: readonly string[]): Promise<string> {
  const basic = `Basic ${Buffer.from(`${target.user}:${target.password}`).toString('base64')}`
  const probe = await send(target.host, '/v2/')
  await readAll(probe)
  const challenge = probe.headers['www-authenticate'] ?? ''
  if (!challenge.startsWith('Bearer ')) return basic
  const realm = new URL(field(challenge, 'realm'))
  realm.searchParams.set('service', field(challenge, 'service'))
  for (const name of repositories) realm.searchParams.append('scope', `repository:${name}:pull,push,delete,metadata_read`)
  const answer = await send(realm.host, `${realm.pathname}${realm.search}`, { headers: { authorization: basic } })
  await expectStatus('the token endpoint', answer, 200)
  const token = JSON.parse((await readAll(answer)).toString()) as { readonly access_token?: string; readonly token?: string }
  return `Bearer ${token.access_token ?? token.token ?? ''}`
}

function field(challenge: string, name: string): string {
  return new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? ''
}
