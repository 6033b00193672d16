import type { IncomingMessage, ServerResponse } from 'node:http'

/** How much of a refused body is still read: bytes, and milliseconds after the answer. */
export interface LingerLimits {
  readonly bytes: number
  readonly milliseconds: number
}

const defaultLinger: LingerLimits = { bytes: 1024 * 1024, milliseconds: 2000 }

/** Bodies up to this length are read to their end instead, and the connection lives on. */
const worthReading = 64 * 1024

/**
 * For a request that is refused before its body was read: call it before the answer is ended, best before its headers. The client gets
 * the answer even while it is still sending, at most 1 MiB more is taken from it, and the connection is gone 2 s after the answer at
 * the latest. Does nothing where the body is complete, absent or short.
 *
 * Node alone does one of two wrong things: it reads a refused body to its end, however long, or (with `Connection: close`) destroys the
 * socket with bytes unread, upon which the kernel sends a reset that can overtake the answer.
 */
export function lingerAndClose(request: IncomingMessage, response: ServerResponse, limits: LingerLimits = defaultLinger): void {
  if (request.complete || !hasLongBody(request)) return
  const { socket } = request
  if (!response.headersSent) response.setHeader('Connection', 'close')
  // What Node calls when an answer with `Connection: close` is written.
  socket.destroySoon = () => undefined
  request.unpipe()

  const linger = (): void => {
    let left = limits.bytes
    socket.end()
    const timer = setTimeout(() => socket.destroy(), limits.milliseconds)
    socket.once('close', () => clearTimeout(timer))
    request.once('end', () => socket.destroy())
    request.once('error', () => socket.destroy())
    request.on('data', (bytes: Buffer) => {
      left -= bytes.length
      // The socket stays open, unread: the client's sends block, and its reads find the answer.
      if (left <= 0) request.pause()
    })
    request.resume()
    // Marks the body as being read at once. Node would discard an untouched one without any limit.
    request.read(0)
  }
  if (response.writableFinished) linger()
  else response.prependOnceListener('finish', linger)
}

function hasLongBody(request: IncomingMessage): boolean {
  if (request.headers['transfer-encoding'] !== undefined) return true
  const length = Number(request.headers['content-length'] ?? 0)
  // A client that waits for `100 Continue` may leave out the body after a refusal: then the next request would be taken for it.
  return length > worthReading || (length > 0 && request.headers.expect !== undefined)
}
