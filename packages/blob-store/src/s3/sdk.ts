import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { ListMultipartUploadsCommandOutput, S3ClientConfig } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { Found, S3Calls } from './calls.ts'
import { instead, S3Failure } from './failure.ts'
import { createGate } from './gate.ts'
import type { Unfinished } from './location.ts'
import type { Part } from './memo.ts'
import type { Retry, RetryOptions } from './retry.ts'
import type { S3Address, S3CredentialSource } from './settings.ts'

export interface CallSettings {
  readonly address: S3Address
  readonly credentials: S3CredentialSource | undefined
  readonly retry: Retry
  readonly timeouts: { readonly connect: number; readonly idle: number }
}

/** Calls in flight; the others wait for their turn here, where no timer of a connection runs yet. */
const mostCalls = 128
/** Bodies that are being read, each on a connection for as long as its reader takes. */
const mostReads = 4096
/** Milliseconds between two changes of credentials. */
const renewalDistance = 10_000

export function createS3Calls({ address, credentials, retry, timeouts }: CallSettings): S3Calls {
  const { bucket: Bucket } = address
  const make = () => ({
    calls: makeClient(address, credentials, { ...timeouts, sockets: Infinity }),
    // Who reads slowly leaves a connection idle; the reader's own clock runs only while it waits for the store.
    reads: makeClient(address, credentials, { ...timeouts, idle: 0, sockets: mostReads }),
    links: makeClient({ ...address, ...originOf(address) }, credentials, { ...timeouts, sockets: 1 }),
  })
  const gate = createGate(mostCalls)
  const encryption = encryptionOf(address)
  let clients = make()
  let renewed = -Infinity
  let knowsConditions = true

  const renew = () => {
    if (performance.now() - renewed < renewalDistance) return
    renewed = performance.now()
    clients = make()
  }
  const call = <Value>(name: string, send: (client: S3Client) => Promise<Value>, options: RetryOptions = {}): Promise<Value> =>
    retry(() => gate(() => send(clients.calls).catch((error: unknown) => fail(name, error, options.signal))), { ...options, renew })

  return {
    async put(Key, Body, ifAbsent = false) {
      const send = (condition: { readonly IfNoneMatch?: '*' }) =>
        call('PutObject', async (client) => {
          const command = { Bucket, Key, Body, ContentLength: Body.length, ...encryption, ...condition }
          return required('ETag', (await client.send(new PutObjectCommand(command))).ETag)
        })
      if (ifAbsent && knowsConditions) {
        const put = await send({ IfNoneMatch: '*' }).catch(instead(false, 'PreconditionFailed')).catch(instead(undefined, 'NotImplemented'))
        if (put !== undefined) return put !== false
        knowsConditions = false
      }
      await send({})
      return true
    },

    async get(Key, range, etag, signal) {
      const command = new GetObjectCommand({
        Bucket,
        Key,
        ...(range && { Range: `bytes=${range.first}-${range.last}` }),
        ...(etag !== undefined && { IfMatch: `"${etag}"` }),
      })
      const answer = await clients.reads
        .send(command, { abortSignal: signal })
        .catch((error: unknown) => fail('GetObject', error, undefined))
        .catch(instead(undefined, 'NoSuchKey'))
      if (answer === undefined) return undefined
      return { body: answer.Body as Readable, length: answer.ContentLength ?? 0, etag: answer.ETag && unquoted(answer.ETag) }
    },

    async size(Key) {
      const head = await call('HeadObject', (client) => client.send(new HeadObjectCommand({ Bucket, Key }))).catch(
        instead(undefined, 'NotFound', 'NoSuchKey'),
      )
      return head?.ContentLength
    },

    createUpload: (Key) =>
      call('CreateMultipartUpload', async (client) =>
        required('UploadId', (await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...encryption }))).UploadId),
      ),

    async putPart({ key: Key, upload: UploadId }, PartNumber, Body, signal) {
      const command = { Bucket, Key, UploadId, PartNumber, Body, ContentLength: Body.length }
      const send = async (client: S3Client): Promise<Part> => {
        const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand(command), { abortSignal: signal })
        const etag = unquoted(required('ETag', ETag))
        return { size: Body.length, etag, ...(ChecksumCRC32 !== undefined && { crc32: ChecksumCRC32 }) }
      }
      return call('UploadPart', send, { signal })
    },

    async completeUpload({ key: Key, upload: UploadId }, parts) {
      const Parts = parts.map(({ etag, crc32 }, index) => ({
        ETag: `"${etag}"`,
        PartNumber: index + 1,
        ...(crc32 !== undefined && { ChecksumCRC32: crc32 }),
      }))
      const command = { Bucket, Key, UploadId, MultipartUpload: { Parts } }
      const done = await call('CompleteMultipartUpload', (client) => client.send(new CompleteMultipartUploadCommand(command))).catch(
        instead(undefined, 'NoSuchUpload'),
      )
      return done !== undefined
    },

    async abortUpload({ key: Key, upload: UploadId }) {
      await call('AbortMultipartUpload', (client) => client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))).catch(
        instead(undefined, 'NoSuchUpload', 'NoSuchKey'),
      )
    },

    async delete(keys) {
      const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: true }
      await call('DeleteObjects', async (client) => {
        const { Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket, Delete }))
        const failed = Errors.find(({ Code }) => Code !== 'NoSuchKey')
        // Each key has an error of its own; the call is repeated for all, since removing twice does no harm.
        if (failed !== undefined) throw Object.assign(new Error(`${failed.Key}: ${failed.Message}`), { Code: failed.Code })
      })
    },

    async *list(Prefix) {
      let next: string | undefined
      do {
        const page = await call('ListObjectsV2', (client) =>
          client.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken: next })),
        )
        for (const { Key = '', Size = 0, LastModified = new Date() } of page.Contents ?? []) {
          yield { key: Key, size: Size, modifiedAt: LastModified }
        }
        next = page.NextContinuationToken
      } while (next !== undefined)
    },

    async *unfinished(Prefix) {
      let count = 0
      for await (const upload of unfinishedUnder(Prefix)) {
        count += 1
        yield upload
      }
      // MinIO takes the prefix for a whole key here and finds nothing under a shorter one; without a prefix it finds all.
      if (count === 0 && Prefix !== '') {
        for await (const upload of unfinishedUnder('')) if (upload.key.startsWith(Prefix)) yield upload
      }
    },

    async sign(Key, from, seconds) {
      const client = clients.links
      const { expiration } = await client.config.credentials().catch((error: unknown) => fail('credentials', error, undefined))
      const left = expiration === undefined ? Infinity : Math.floor((expiration.getTime() - from.getTime()) / 1000)
      const expiresIn = Math.max(1, Math.min(seconds, left))
      // What comes from the storage must not be shown as a page under the storage's name.
      const command = new GetObjectCommand({ Bucket, Key, ResponseContentType: 'application/octet-stream' })
      const url = new URL(await getSignedUrl(client, command, { expiresIn, signingDate: from }))
      return { url, expires: from.getTime() + expiresIn * 1000 }
    },

    renew,
    close() {
      for (const client of [clients.calls, clients.reads, clients.links]) client.destroy()
    },
  }

  async function* unfinishedUnder(Prefix: string): AsyncGenerator<Found & Unfinished> {
    let KeyMarker: string | undefined
    let UploadIdMarker: string | undefined
    do {
      const command = { Bucket, Prefix, KeyMarker, UploadIdMarker }
      const page: ListMultipartUploadsCommandOutput = await call('ListMultipartUploads', (client) =>
        client.send(new ListMultipartUploadsCommand(command)),
      )
      for (const { Key: key = '', UploadId: upload = '', Initiated = new Date() } of page.Uploads ?? []) {
        if (key.startsWith(Prefix)) yield { key, upload, ...(await stateOf({ key, upload }, Initiated)) }
      }
      KeyMarker = page.IsTruncated === true ? page.NextKeyMarker : undefined
      UploadIdMarker = page.NextUploadIdMarker
    } while (KeyMarker !== undefined)
  }

  /** An upload may be old and still in use: what counts is when its last part came. */
  async function stateOf({ key: Key, upload: UploadId }: Unfinished, initiated: Date): Promise<Pick<Found, 'size' | 'modifiedAt'>> {
    let size = 0
    let modifiedAt = initiated
    let next: string | undefined
    do {
      const PartNumberMarker: string | undefined = next
      const page = await call('ListParts', (client) =>
        client.send(new ListPartsCommand({ Bucket, Key, UploadId, PartNumberMarker })),
      ).catch(instead(undefined, 'NoSuchUpload'))
      for (const { Size = 0, LastModified = initiated } of page?.Parts ?? []) {
        size += Size
        if (LastModified > modifiedAt) modifiedAt = LastModified
      }
      next = page?.IsTruncated === true ? page.NextPartNumberMarker : undefined
    } while (next !== undefined)
    return { size, modifiedAt }
  }
}

interface Connection {
  readonly connect: number
  readonly idle: number
  readonly sockets: number
}

function makeClient(address: S3Address, credentials: S3CredentialSource | undefined, { connect, idle, sockets }: Connection): S3Client {
  const { endpoint, pathStyle, checksums } = address
  const region = address.region ?? (endpoint === undefined ? undefined : 'us-east-1')
  const agent = { keepAlive: true, maxSockets: sockets }
  const when = checksums === 'sdk default' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED'
  const config: S3ClientConfig = {
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    forcePathStyle: pathStyle,
    requestChecksumCalculation: when,
    responseChecksumValidation: when,
    // With it every large body would go over a connection of its own.
    expectContinueHeader: false,
    maxAttempts: 1,
    requestHandler: { connectionTimeout: connect, socketTimeout: idle, httpAgent: agent, httpsAgent: agent },
  }
  const client = new S3Client(config)
  if (checksums === 'when required') sendMd5ToDelete(client)
  return client
}

/** DeleteObjects requires a checksum. The library's is a CRC, which stores of an older make refuse; all of them know Content-MD5. */
function sendMd5ToDelete(client: S3Client): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      (step) => {
        const request = step.request as { headers: Record<string, string>; body?: string | Uint8Array }
        if (commandName !== 'DeleteObjectsCommand') return next(step)
        for (const name of Object.keys(request.headers)) {
          if (/^x-amz-(sdk-)?checksum-/i.test(name)) delete request.headers[name]
        }
        request.headers['content-md5'] = createHash('md5')
          .update(request.body ?? '')
          .digest('base64')
        return next(step)
      },
    { step: 'build', priority: 'low', name: 'md5ForDelete' },
  )
}

function encryptionOf({ encryption }: S3Address) {
  if (encryption === undefined) return {}
  const key = encryption.algorithm === 'aws:kms' ? encryption.key : undefined
  return { ServerSideEncryption: encryption.algorithm, ...(key !== undefined && { SSEKMSKeyId: key }) }
}

function originOf({ endpoint, publicEndpoint }: S3Address): { readonly endpoint?: string } {
  const origin = publicEndpoint ?? endpoint
  return origin === undefined ? {} : { endpoint: origin }
}

function fail(call: string, error: unknown, signal: AbortSignal | undefined): never {
  signal?.throwIfAborted()
  throw new S3Failure(call, error)
}

/** A success that lacks what it has to say is none; behind some proxies an error looks like that. */
function required(field: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new Error(`the answer has no ${field}`)
  return value
}

function unquoted(etag: string): string {
  return etag.replace(/^"|"$/g, '')
}
