import type { Socket } from 'node:net'

const answers: Readonly<Record<string, readonly [status: string, text: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers of this request are too long.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Content Too Large', 'The chunk extensions of this request are too long.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time.'],
}
const malformed = ['400 Bad Request', 'This is not a well-formed HTTP request.'] as const

/** Bytes and milliseconds after which a client that goes on sending is cut off. */
const lingerBytes = 1024 * 1024
const lingerMilliseconds = 2000

/**
 * Answers what was no HTTP request and closes the connection. `answering` tells whether bytes of an answer to an earlier request on
 * this connection are on their way: then nothing may be written between them.
 */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket, answering: boolean): void {
  const refused = refusedAt.get(socket)
  if (refused !== undefined) {
    // Whatever still arrives is malformed again.
    if (socket.bytesRead - refused > lingerBytes) socket.destroy()
    return
  }
  // A failed TLS handshake ends here too; nothing can be said over it.
  if (answering || !socket.writable || error.code === 'ECONNRESET' || error.code?.startsWith('ERR_SSL') === true) {
    socket.destroy()
    return
  }
  refusedAt.set(socket, socket.bytesRead)
  const [status, text] = answers[error.code ?? ''] ?? malformed
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${text.length + 1}\r\nConnection: close\r\n\r\n${text}\n`,
  )
  // Not destroyed at once: with bytes unread the kernel would send a reset, which can overtake the answer.
  const timer = setTimeout(() => socket.destroy(), lingerMilliseconds)
  socket.once('close', () => clearTimeout(timer))
}

const refusedAt = new WeakMap<Socket, number>()
