import { finished, Readable } from 'node:stream'
import type { ByteRange, Location } from '@roadstead/distribution/blob-store.ts'
import type { AzureCalls, Download } from './client.ts'
import { storageFailure, unavailable } from './failure.ts'
import { nameOf } from './location.ts'
import { withTries } from './tries.ts'
import type { Tries } from './tries.ts'

/** How often the bytes of one read are asked for, the first time included. */
const downloads = 3

/** A reader that is slow holds about so much. */
const readAhead = 256 * 1024

export interface Reading {
  readonly calls: AzureCalls
  readonly tries: Tries
  readonly prefix: string
}

/**
 * The bytes at a location, or undefined. Where the line is cut or nothing comes for as long as a try may take, the rest is asked for
 * again; a stream that cannot be completed is destroyed with `Unavailable`, and never ends early.
 */
export async function readBlob(
  { calls, tries, prefix }: Reading,
  at: Location,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): Promise<Readable | undefined> {
  const name = nameOf(prefix, at)
  signal?.throwIfAborted()
  const leaving = new AbortController()
  const open = (first: number, count: number | undefined, etag?: string) =>
    withTries(
      tries,
      (attempt) => calls.download(name, first, count, etag, attempt),
      signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal]),
    )

  const first = range?.first ?? 0
  const count = range === undefined ? undefined : range.last - range.first + 1
  const opened = await open(first, count)
  if (opened === undefined) return undefined
  if (count !== undefined && opened.length !== count) {
    opened.body.destroy()
    throw unavailable(new Error(`${at} gave ${opened.length} bytes of ${count} that were asked for`))
  }
  return streamed(at, opened, first, signal, tries.timeout, (from, rest) => open(from, rest, opened.etag), leaving)
}

function streamed(
  at: Location,
  opened: Download,
  first: number,
  signal: AbortSignal | undefined,
  patience: number,
  openAgain: (from: number, count: number) => Promise<Download | undefined>,
  leaving: AbortController,
): Readable {
  const end = first + opened.length
  let position = first
  let used = 1
  let source: Readable | undefined
  let stalled: NodeJS.Timeout | undefined

  const wait = () => {
    clearTimeout(stalled)
    stalled = setTimeout(() => source?.destroy(new Error(`no byte came for ${patience} ms`)), patience)
  }

  const attach = (body: Readable) => {
    source = body
    body.on('data', (chunk: Buffer) => {
      position += chunk.length
      if (position > end) return body.destroy(new Error('more bytes came than were announced'))
      if (stream.push(chunk)) return wait()
      body.pause()
      clearTimeout(stalled)
    })
    finished(body, { writable: false }, (error) => {
      clearTimeout(stalled)
      source = undefined
      if (stream.destroyed) return
      if (position === end) stream.push(null)
      else void goOn(error)
    })
    wait()
  }

  const goOn = async (error: unknown) => {
    const cut = new Error(`${at} broke off at byte ${position} of ${end}`, { cause: error })
    try {
      if (used >= downloads || position > end) throw unavailable(cut)
      used += 1
      const again = await openAgain(position, end - position)
      if (again === undefined) throw unavailable(cut)
      if (stream.destroyed) again.body.destroy()
      else attach(again.body)
    } catch (failure) {
      stream.destroy(storageFailure(failure) as Error)
    }
  }

  const stream = new Readable({
    ...(signal !== undefined && { signal }),
    highWaterMark: readAhead,
    read() {
      if (source?.isPaused() !== true) return
      wait()
      source.resume()
    },
    destroy(error, done) {
      clearTimeout(stalled)
      leaving.abort()
      source?.on('error', () => {})
      source?.destroy()
      done(error)
    },
  })
  attach(opened.body)
  return stream
}
