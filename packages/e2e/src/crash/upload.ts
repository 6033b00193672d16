import { randomInt } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { sha256 } from '../raw/repository.ts'
import { Claimed } from './client.ts'
import type { Client, Reply } from './client.ts'

/**
 * How a client sends a blob: all in the first request; in chunks; as a stream; in chunks, of which the closing request carries the last; all in
 * the closing request, without a word on where it belongs.
 */
export const uploadForms = ['whole', 'chunks', 'stream', 'tail', 'put'] as const
export type UploadForm = (typeof uploadForms)[number]

export interface Upload {
  readonly digest: string
  /** Sends what is missing. May be called again after Lost and Claimed, until it resolves; then the blob is acknowledged. */
  run(): Promise<void>
}

export interface UploadOptions {
  readonly repository: string
  readonly bytes: Buffer
  readonly form: UploadForm
  /** Names what remembers sessions; another one knows nothing of the earlier ones, and only that may forget them. */
  readonly memory: () => number
}

const octets = { 'content-type': 'application/octet-stream' }

export function createUpload(client: Client, { repository, bytes, form, memory }: UploadOptions): Upload {
  const digest = sha256(bytes)
  const key = `blob ${repository} ${digest}`
  const chunkSize = Math.max(1, Math.ceil(bytes.length / randomInt(1, 5)))
  const beforeClosing = form === 'put' ? 0 : form === 'tail' ? Math.floor((bytes.length - 1) / chunkSize) * chunkSize : bytes.length
  let location: string | undefined
  /** Bytes that the server acknowledged. */
  let stored = 0
  let closing = false
  let openedIn = memory()

  const unlessForgotten =
    (...expected: readonly number[]) =>
    (): readonly number[] =>
      openedIn === memory() ? expected : [...expected, 404]
  const closingPath = (): string => `${location}${location!.includes('?') ? '&' : '?'}digest=${digest}`

  const open = async (): Promise<void> => {
    const before = memory()
    const reply = await client.ask({ op: 'open', key }, [202], `/v2/${repository}/blobs/uploads/`, { method: 'POST' })
    location = pathOf(reply)
    openedIn = before
    stored = 0
    closing = false
  }

  /** Where to go on, as the server tells; from the start where the session did not outlive it. */
  const resume = async (): Promise<void> => {
    const reply = await client.ask({ op: 'offset', key }, unlessForgotten(204), location!)
    if (reply.status === 404) return await open()
    adopt(reply)
  }

  const adopt = (reply: Reply): void => {
    const offset = offsetOf(reply)
    if (offset < stored || offset > bytes.length) {
      client.history.violated(`${stored} bytes of ${bytes.length} were acknowledged, and now it is ${offset}`, key)
    }
    stored = offset
  }

  const send = async (): Promise<void> => {
    const chunk = bytes.subarray(stored, form === 'stream' ? undefined : Math.min(beforeClosing, stored + chunkSize))
    const range = { 'content-range': `${stored}-${stored + chunk.length - 1}` }
    const call = form === 'stream' ? { headers: octets, body: inPieces(chunk) } : { headers: { ...octets, ...range }, body: chunk }
    const reply = await client.ask({ op: 'append', key }, unlessForgotten(202, 416), location!, { method: 'PATCH', ...call })
    if (reply.status === 404) return await open()
    const before = stored
    adopt(reply)
    if (reply.status === 416 && stored === before) refuseClaimed()
  }

  const refuseClaimed = (): never => {
    client.history.record({
      process: client.name,
      op: 'claim',
      key,
      start: client.history.now(),
      end: client.history.now(),
      result: 'fail',
    })
    throw new Claimed()
  }

  const close = async (): Promise<boolean> => {
    const isRepeated = closing
    closing = true
    const tail = bytes.subarray(form === 'put' ? 0 : stored)
    const range = form === 'put' ? {} : { 'content-range': `${stored}-${bytes.length - 1}` }
    const body = tail.length > 0 ? { headers: { ...octets, ...range }, body: tail } : {}
    // An answer that was lost must not turn into a refusal.
    const reply = await client.ask({ op: 'add', key, value: digest }, unlessForgotten(201, 416), closingPath(), { method: 'PUT', ...body })
    if (reply.status === 201) return true
    if (reply.status === 404) await open()
    else {
      const before = stored
      adopt(reply)
      closing = isRepeated
      if (stored === before) refuseClaimed()
    }
    return false
  }

  const sendWhole = async (): Promise<void> => {
    const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`
    await client.ask({ op: 'add', key, value: digest }, [201], path, { method: 'POST', headers: octets, body: bytes })
  }

  return {
    digest,
    async run() {
      if (form === 'whole') return await sendWhole()
      if (location === undefined) await open()
      // Half of the clients do not ask, and send again what they believe is missing. Who does not say where it belongs has to ask.
      else if (!closing && (form === 'stream' || randomInt(2) === 0)) await resume()
      const hasAll = (): boolean => closing || stored >= beforeClosing
      for (;;) {
        while (!hasAll()) await send()
        if (await close()) return
      }
    },
  }
}

function pathOf({ headers }: Reply): string {
  const url = new URL(headers.location ?? '', 'http://registry')
  return `${url.pathname}${url.search}`
}

/** `0-0` is how a session says that it holds nothing; no upload here stops after one byte. */
function offsetOf({ headers }: Reply): number {
  const last = Number(/^0-(\d+)$/.exec(headers.range ?? '')?.[1] ?? Number.NaN)
  return last === 0 ? 0 : last + 1
}

/** Slow enough that the server stores some of it before the rest is there. */
function inPieces(bytes: Buffer): Readable {
  return Readable.from(
    (async function* () {
      for (let offset = 0; offset < bytes.length; offset += 64 * 1024) {
        yield bytes.subarray(offset, offset + 64 * 1024)
        await sleep(1)
      }
    })(),
  )
}
