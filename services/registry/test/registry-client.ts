import { request } from 'node:http'
import type { OutgoingHttpHeaders } from 'node:http'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { Content, Document } from '@roadstead/testing/contents.ts'
import type { RunningRegistry } from './running-registry.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
  /** Code of the first error in the body. */
  readonly code: string | undefined
  readonly json: () => unknown
}

export interface Call {
  readonly headers?: OutgoingHttpHeaders
  readonly body?: Buffer | string
}

export type Send = (method: string, path: string, call?: Call) => Promise<Answer>

/** Talks to the running registry under a registry's host name, with one token. */
export function clientOf(running: RunningRegistry, authorization: string | undefined, registry: Registry = running.registry): Send {
  return (method, path, { headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const length = body === undefined && ['POST', 'PUT', 'PATCH'].includes(method) ? { 'Content-Length': 0 } : {}
      const sent = request(
        {
          host: '127.0.0.1',
          port: running.port,
          method,
          path,
          agent: false,
          headers: {
            Host: running.hostOf(registry),
            ...(authorization !== undefined && { Authorization: authorization }),
            ...length,
            ...headers,
          },
        },
        (res) => {
          const parts: Buffer[] = []
          res.on('data', (part: Buffer) => parts.push(part))
          res.on('error', reject)
          res.on('end', () => {
            const bytes = Buffer.concat(parts)
            resolve({
              status: res.statusCode!,
              headers: res.headers as Answer['headers'],
              body: bytes,
              code: codeIn(bytes),
              json: () => JSON.parse(bytes.toString()) as unknown,
            })
          })
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
}

function codeIn(body: Buffer): string | undefined {
  try {
    return (JSON.parse(body.toString()) as { errors?: readonly { code: string }[] }).errors?.[0]?.code
  } catch {
    return undefined
  }
}

/** Pushes a blob in one request. */
export async function pushBlob(send: Send, repository: string, { bytes, digest }: Content): Promise<void> {
  const answer = await send('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: bytes })
  if (answer.status !== 201) throw new Error(`pushing ${digest}: ${answer.status} ${answer.body.toString()}`)
}

export function pushManifest(send: Send, repository: string, reference: string, { bytes, mediaType }: Document): Promise<Answer> {
  return send('PUT', `/v2/${repository}/manifests/${reference}`, { body: bytes, headers: { 'Content-Type': mediaType } })
}

/** Pushes blobs, manifest and tag. */
export async function pushAll(
  send: Send,
  repository: string,
  tag: string,
  { manifest, blobs }: { readonly manifest: Document; readonly blobs: readonly Content[] },
): Promise<void> {
  for (const blob of blobs) await pushBlob(send, repository, blob)
  const answer = await pushManifest(send, repository, tag, manifest)
  if (answer.status !== 201) throw new Error(`pushing ${repository}:${tag}: ${answer.status} ${answer.body.toString()}`)
}
