import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Answers `Expect: 100-continue` at the moment when somebody starts to read the body. A request that is refused by its headers is
 * refused before the client has sent a byte (RFC 9110 §10.1.1); Node by itself would ask for the body first.
 */
export function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  const read = request._read.bind(request)
  request._read = (size) => {
    request._read = read
    if (!response.headersSent && !response.destroyed) response.writeContinue()
    read(size)
  }
}
