import type { IncomingMessage } from 'node:http'

/** Why a body could not be read. */
export type BodyFailure = 'too large' | 'broken off'

/**
 * Reads a body of at most `limit` bytes into memory. By events and not by `for await`: that destroys the connection when it is left early,
 * before the refusal could be written.
 */
export function readBody(req: IncomingMessage, limit: number): Promise<Buffer | BodyFailure> {
  if (Number(req.headers['content-length'] ?? 0) > limit) return Promise.resolve('too large')
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let size = 0
    const settle = (outcome: Buffer | BodyFailure): void => {
      req.off('data', take).off('end', complete).off('close', broken).off('error', broken).pause()
      resolve(outcome)
    }
    const take = (part: Buffer): void => {
      size += part.length
      if (size > limit) settle('too large')
      else parts.push(part)
    }
    const complete = (): void => settle(Buffer.concat(parts))
    const broken = (): void => settle('broken off')
    req.on('data', take).once('end', complete).once('close', broken).once('error', broken)
  })
}
