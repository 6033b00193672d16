import { connect } from 'node:net'

/** What came back on the wire: nothing of it was interpreted, followed or normalised. */
export interface RawAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** Sends exactly these bytes to 127.0.0.1 and reads until the server closes or the answer is complete. */
export function sendRaw(port: number, bytes: string | Buffer): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let received = Buffer.alloc(0)
    const finish = (): void => {
      const answer = parseAnswer(received.toString('latin1'))
      if (answer === undefined) return
      socket.destroy()
      resolve(answer)
    }
    socket.on('data', (part: Buffer) => {
      received = Buffer.concat([received, part])
      finish()
    })
    socket.on('error', reject)
    socket.on('close', () => {
      finish()
      reject(new Error(`the server closed without a complete answer: ${JSON.stringify(received.toString('latin1').slice(0, 300))}`))
    })
    socket.write(bytes)
  })
}

function parseAnswer(text: string): RawAnswer | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first, ...lines] = text.slice(0, end).split('\r\n')
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
  const body = text.slice(end + 4)
  const status = Number(first!.split(' ')[1])
  // Neither has a body, whatever Content-Length says.
  const length = status === 204 || status === 304 ? 0 : Number(headers.get('content-length') ?? Number.POSITIVE_INFINITY)
  if (headers.get('transfer-encoding') === undefined && body.length < length && headers.get('connection') !== 'close') return undefined
  return { status, headers, body }
}
