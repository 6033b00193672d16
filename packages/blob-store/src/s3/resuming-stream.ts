import { addAbortSignal, Readable } from 'node:stream'
import { Unavailable } from '@roadstead/oci/errors.ts'

/** Times that a body is opened anew before the stream fails. */
const mostResumptions = 3

export interface Resumable {
  readonly body: Readable
  /** Bytes that have to come. */
  readonly length: number
  /** What comes from `position` on, or undefined where it is gone. */
  readonly reopen: (position: number) => Promise<Readable | undefined>
  /** Milliseconds of silence, while the reader wants bytes, after which a body is taken for dead. */
  readonly idle: number
  readonly signal?: AbortSignal | undefined
}

/** Gives exactly `length` bytes or fails: a body that breaks, ends early or goes silent is opened again behind the last byte that was passed on. */
export function resumingStream({ body, length, reopen, idle, signal }: Resumable): Readable {
  let source: Source | undefined
  let position = 0
  let resumptions = 0

  const stream = new Readable({
    highWaterMark: 256 * 1024,
    read: () => source?.resume(),
    destroy(error, done) {
      source?.destroy()
      done(error)
    },
  })

  const take = (chunk: Buffer): boolean => {
    position += chunk.length
    if (position > length) {
      stream.destroy(new Unavailable('storage', { message: 'the storage sent more bytes than it announced' }))
      return false
    }
    const wantsMore = stream.push(chunk)
    if (position === length) finish()
    return wantsMore
  }

  const finish = () => {
    source?.release()
    source = undefined
    stream.push(null)
  }

  const goOn = async (reason: Error) => {
    source = undefined
    resumptions += 1
    if (resumptions > mostResumptions) {
      throw new Unavailable('storage', { cause: reason, message: `the storage broke off after ${position} of ${length} bytes` })
    }
    const next = await reopen(position)
    if (next === undefined) throw new Unavailable('storage', { cause: reason, message: 'the bytes went away while they were read' })
    source = follow(next)
    if (stream.destroyed) source.destroy()
    else source.resume()
  }

  const follow = (next: Readable): Source =>
    followBody(next, idle, take, (reason) => {
      goOn(reason).catch((error: unknown) => stream.destroy(error as Error))
    })

  source = follow(body)
  if (length === 0) finish()
  return signal === undefined ? stream : addAbortSignal(signal, stream)
}

/** A body that is being read. */
interface Source {
  resume(): void
  /** Its bytes are all there; it is read to its end, so that its connection can be used again. */
  release(): void
  destroy(): void
}

/** Passes chunks to `take` while that answers true; tells `broken` once, when no more will come. Begins with `resume`. */
function followBody(body: Readable, idle: number, take: (chunk: Buffer) => boolean, broken: (reason: Error) => void): Source {
  // Runs only while bytes are wanted: a reader may take as long as it likes.
  let timer: NodeJS.Timeout | undefined
  const calm = () => {
    clearTimeout(timer)
    timer = undefined
  }
  const onData = (chunk: Buffer) => {
    timer?.refresh()
    if (take(chunk)) return
    calm()
    body.pause()
  }
  const onEnd = () => fail(new Error('the body ended early'))
  const onClose = () => fail(new Error('the connection was closed'))
  const letGo = () => {
    calm()
    // Only our own: the connection goes back to its pool by listeners of this body.
    body.off('data', onData).off('end', onEnd).off('close', onClose).off('error', fail)
    // An error that nobody hears any more must not end the process.
    body.on('error', () => {})
  }
  function fail(reason: Error): void {
    letGo()
    body.destroy()
    broken(reason)
  }

  body.on('data', onData).on('end', onEnd).on('close', onClose).on('error', fail).pause()
  return {
    resume() {
      body.resume()
      if (timer === undefined) timer = setTimeout(() => fail(new Error(`no byte came for ${idle} ms`)), idle)
      else timer.refresh()
    },
    release() {
      letGo()
      body.resume()
    },
    destroy() {
      letGo()
      body.destroy()
    },
  }
}
