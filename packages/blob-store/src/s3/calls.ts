import type { Readable } from 'node:stream'
import type { ByteRange } from '@roadstead/distribution/blob-store.ts'
import type { Unfinished } from './location.ts'
import type { Part } from './memo.ts'

/** Bytes of an object that begin to arrive. */
export interface Arriving {
  readonly body: Readable
  /** Of the body, by the store's word. */
  readonly length: number
  readonly etag: string | undefined
}

export interface Found {
  readonly key: string
  readonly size: number
  readonly modifiedAt: Date
}

/**
 * What the store asks of S3, one method a call. Each tries again where that makes sense and throws `S3Failure` in the end; no method takes
 * an error for absence. Keys are whole; entity tags are without quotes.
 */
export interface S3Calls {
  /** With `ifAbsent`, false where there is an object already. Stores that do not know that condition write anyhow. */
  put(key: string, body: Buffer, ifAbsent?: boolean): Promise<boolean>
  /** Undefined where there is no such object. One try: who reads knows better how to go on. */
  get(key: string, range: ByteRange | undefined, etag: string | undefined, signal: AbortSignal): Promise<Arriving | undefined>
  size(key: string): Promise<number | undefined>
  createUpload(key: string): Promise<string>
  putPart(to: Unfinished, number: number, body: Buffer, signal: AbortSignal): Promise<Part>
  /** False where there is no such upload: it was completed or aborted before. */
  completeUpload(upload: Unfinished, parts: readonly Part[]): Promise<boolean>
  abortUpload(upload: Unfinished): Promise<void>
  /** At most 1,000. What is not there counts as removed. */
  delete(keys: readonly string[]): Promise<void>
  list(prefix: string): AsyncIterable<Found>
  /** Multipart uploads that were neither completed nor aborted; `modifiedAt` is when the last part came. */
  unfinished(prefix: string): AsyncIterable<Found & Unfinished>
  /** A GET that anybody may send for so many seconds from a time, or for less where our own credentials end before. */
  sign(key: string, from: Date, seconds: number): Promise<{ readonly url: URL; readonly expires: number }>
  renew(): void
  close(): void
}
