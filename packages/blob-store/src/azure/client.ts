import { Readable } from 'node:stream'
import {
  BlobSASPermissions,
  BlobServiceClient,
  ContainerClient,
  generateBlobSASQueryParameters,
  newPipeline,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import type { BlobSASSignatureValues, UserDelegationKey } from '@azure/storage-blob'
import type { AzureAddress } from './address.ts'
import type { AzureCredential } from './credential.ts'
import { hasCode, isMissing } from './failure.ts'
import type { Attempt } from './tries.ts'

/** Bytes that can be sent more than once. */
export interface Body {
  readonly chunks: readonly Uint8Array[]
  readonly size: number
  /** Azure compares it with what arrived. */
  readonly md5: Uint8Array
}

export interface Download {
  readonly body: Readable
  /** Bytes that the body will give. */
  readonly length: number
  readonly etag: string
}

export interface ListedBlob {
  readonly name: string
  readonly size: number
  /** Azure says nothing about blobs that are not committed. */
  readonly modifiedAt: Date | undefined
}

/** The key that signs links where the store has no account key. */
export interface SigningKey {
  readonly expires: Date
  readonly key: UserDelegationKey
}

/** The calls of Azure's storage that the store makes; each is one request, tried once. `name` is a blob's name in the container. */
export interface AzureCalls {
  stageBlock(name: string, id: string, body: Body, attempt: Attempt): Promise<void>
  /** Makes these blocks the blob, unless there is a blob already: then it throws BlobAlreadyExists. */
  commitBlocks(name: string, ids: readonly string[], seal: string, attempt: Attempt): Promise<void>
  /** Makes it an empty blob, whatever it was, and drops its uncommitted blocks. */
  clear(name: string, attempt: Attempt): Promise<void>
  createTail(name: string, attempt: Attempt): Promise<void>
  /** Throws AppendPositionConditionNotMet where the tail does not end at `position`. */
  extendTail(name: string, position: number, body: Body, attempt: Attempt): Promise<void>
  /** Undefined where there is no committed blob. */
  describe(name: string, attempt: Attempt): Promise<{ readonly size: number; readonly seal: string | undefined } | undefined>
  /** From `first` on, `count` bytes or all. Undefined where there is no committed blob. */
  download(
    name: string,
    first: number,
    count: number | undefined,
    etag: string | undefined,
    attempt: Attempt,
  ): Promise<Download | undefined>
  /** A blob that is not there is fine. */
  remove(name: string, attempt: Attempt): Promise<void>
  /** Up to 256. Blobs that are not there are fine; answers the first failure of another kind. */
  removeAll(names: readonly string[], attempt: Attempt): Promise<RemovalFailure | undefined>
  list(
    prefix: string,
    after: string | undefined,
    attempt: Attempt,
  ): Promise<{ readonly blobs: readonly ListedBlob[]; readonly next?: string }>
  signingKey(from: Date, until: Date, attempt: Attempt): Promise<SigningKey>
  /** An address that reads one blob, by the account's key or by a key that was asked for. */
  link(name: string, expires: Date, by?: SigningKey): URL
  hasContainer(attempt: Attempt): Promise<boolean>
  createContainer(attempt: Attempt): Promise<void>
}

export interface RemovalFailure {
  readonly status: number
  readonly code: string
}

const contentType = 'application/octet-stream'
const sealKey = 'roadstead'
const listPage = 5000

export function createAzureCalls({ account, container, endpoint }: AzureAddress, credential: AzureCredential): AzureCalls {
  const sharedKey = 'key' in credential ? new StorageSharedKeyCredential(account, credential.key) : undefined
  // One try: the store's own tries have timeouts.
  const pipeline = newPipeline(sharedKey ?? (credential as Exclude<AzureCredential, { key: string }>).tokens, {
    retryOptions: { maxTries: 1 },
    userAgentOptions: { userAgentPrefix: 'roadstead' },
  })
  const blobs = new ContainerClient(`${endpoint}/${container}`, pipeline)
  const batches = blobs.getBlobBatchClient()
  const service = new BlobServiceClient(endpoint, pipeline)
  const isPlain = endpoint.startsWith('http:')

  return {
    async stageBlock(name, id, body, attempt) {
      const options = { abortSignal: attempt.signal, transactionalContentMD5: body.md5 }
      await blobs.getBlockBlobClient(name).stageBlock(id, streaming(body, attempt), body.size, options)
    },

    async commitBlocks(name, ids, seal, { signal: abortSignal }) {
      await blobs.getBlockBlobClient(name).commitBlockList([...ids], {
        abortSignal,
        conditions: { ifNoneMatch: '*' },
        blobHTTPHeaders: { blobContentType: contentType },
        metadata: { [sealKey]: seal },
      })
    },

    async clear(name, { signal: abortSignal }) {
      await blobs.getBlockBlobClient(name).commitBlockList([], { abortSignal })
    },

    async createTail(name, { signal: abortSignal }) {
      await blobs.getAppendBlobClient(name).create({ abortSignal, conditions: { ifNoneMatch: '*' } })
    },

    async extendTail(name, appendPosition, body, attempt) {
      const options = { abortSignal: attempt.signal, conditions: { appendPosition }, transactionalContentMD5: body.md5 }
      await blobs.getAppendBlobClient(name).appendBlock(streaming(body, attempt), body.size, options)
    },

    async describe(name, { signal: abortSignal }) {
      const properties = await unlessMissing(blobs.getBlobClient(name).getProperties({ abortSignal }))
      return properties && { size: properties.contentLength ?? 0, seal: properties.metadata?.[sealKey] }
    },

    async download(name, first, count, etag, { signal: abortSignal }) {
      const conditions = etag === undefined ? {} : { ifMatch: etag }
      // Its own retries give up where the line is cut, which is what they would be for.
      const options = { abortSignal, conditions, maxRetryRequests: 0 }
      const answer = await unlessMissing(blobs.getBlobClient(name).download(first, count, options))
      if (answer === undefined) return undefined
      return { body: answer.readableStreamBody as Readable, length: answer.contentLength ?? 0, etag: answer.etag ?? '' }
    },

    async remove(name, { signal: abortSignal }) {
      await unlessMissing(blobs.deleteBlob(name, { abortSignal, deleteSnapshots: 'include' }))
    },

    async removeAll(names, { signal: abortSignal }) {
      const batch = batches.createBatch()
      for (const name of names) await batch.deleteBlob(blobs.getBlobClient(name), { deleteSnapshots: 'include' })
      const { subResponses } = await batches.submitBatch(batch, { abortSignal })
      if (subResponses.length !== names.length) return { status: 500, code: `${subResponses.length} answers for ${names.length} blobs` }
      const failed = subResponses.find(({ status, errorCode }) => status !== 202 && errorCode !== 'BlobNotFound')
      return failed && { status: failed.status, code: failed.errorCode ?? '' }
    },

    async list(prefix, after, { signal: abortSignal }) {
      const pages = blobs
        .listBlobsFlat({ prefix, includeUncommitedBlobs: true, abortSignal })
        .byPage({ maxPageSize: listPage, ...(after !== undefined && { continuationToken: after }) })
      const { value: page, done } = await pages.next()
      if (done === true) return { blobs: [] }
      const next = page.continuationToken
      return {
        blobs: page.segment.blobItems.map(({ name, properties }) => ({
          name,
          size: properties.contentLength ?? 0,
          modifiedAt: properties.lastModified as Date | undefined,
        })),
        ...(next !== undefined && next !== '' && { next }),
      }
    },

    async signingKey(from, until, { signal: abortSignal }) {
      const key = await service.getUserDelegationKey(from, until, { abortSignal })
      return { key, expires: key.signedExpiresOn }
    },

    link(name, expires, by) {
      const values: BlobSASSignatureValues = {
        containerName: container,
        blobName: name,
        permissions: BlobSASPermissions.parse('r'),
        // No beginning: a clock that is a little behind would refuse a link that was just handed out.
        expiresOn: expires,
        protocol: isPlain ? SASProtocol.HttpsAndHttp : SASProtocol.Https,
        contentType,
      }
      const signed =
        by === undefined ? generateBlobSASQueryParameters(values, sharedKey!) : generateBlobSASQueryParameters(values, by.key, account)
      return new URL(`${blobs.getBlobClient(name).url}?${signed.toString()}`)
    },

    async hasContainer({ signal: abortSignal }) {
      try {
        await blobs.getProperties({ abortSignal })
        return true
      } catch (error) {
        if (hasCode(error, 'ContainerNotFound')) return false
        throw error
      }
    },

    async createContainer({ signal: abortSignal }) {
      await blobs.createIfNotExists({ abortSignal })
    },
  }
}

function streaming({ chunks }: Body, { moved }: Attempt): () => Readable {
  return () => Readable.from(pulled(chunks, moved))
}

function* pulled(chunks: readonly Uint8Array[], moved: () => void): Generator<Uint8Array> {
  for (const chunk of chunks) {
    moved()
    yield chunk
  }
}

async function unlessMissing<Value>(operation: Promise<Value>): Promise<Value | undefined> {
  try {
    return await operation
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
