/**
 * One moment at which a server under test ends itself, as text: `PUT upload: sql COMMIT after 3` is the moment after the third COMMIT that a
 * closing PUT sent was answered. Without the part before the colon, calls of any request and of none count.
 */
export interface FailPoint {
  /** A route as `routeOf` names it. */
  readonly during: string | undefined
  /** What the server does: a statement, a call on a file, a request to a storage, a command to Redis, the answer to its client. */
  readonly kind: 'sql' | 'file' | 'storage' | 'redis' | 'answer'
  /** Label of the statement, name of the function, `storageCall`, command, status. */
  readonly what: string
  /** `sent`: right after the call was made, so that nobody knows how far it came. */
  readonly when: 'before' | 'sent' | 'after'
  /** Counts from 1. */
  readonly nth: number
  /** Undoes what was not synced to the disk, as a power failure would. */
  readonly loses: boolean
}

const form = /^(?:([A-Z]+ [a-z]+): )?(sql|file|storage|redis|answer) (.+) (before|sent|after) (\d+)( losing)?$/

export function parseFailPoint(text: string): FailPoint {
  const match = form.exec(text)
  if (match === null) throw new Error(`not a failpoint: ${text}`)
  const [, during, kind, what, when, nth, loses] = match
  return {
    during,
    kind: kind as FailPoint['kind'],
    what: what!,
    when: when as FailPoint['when'],
    nth: Number(nth),
    loses: loses !== undefined,
  }
}

/** The part of the API that a request belongs to: `PATCH upload`, `PUT manifest`, `POST mount`. */
export function routeOf(method: string, target: string): string {
  const [path = '', query = ''] = target.split('?', 2)
  const parameters = new URLSearchParams(query)
  if (/\/blobs\/uploads\/?$/.test(path)) {
    if (parameters.has('mount')) return `${method} mount`
    return parameters.has('digest') ? `${method} whole` : `${method} upload`
  }
  const noun = /\/(?:blobs\/(upload)s|(blob)s|(manifest)s)\/[^/]+$/.exec(path)
  return `${method} ${noun?.slice(1).find((name) => name !== undefined) ?? 'other'}`
}

/** What a request to S3 or Azure Blob does, by the parts of its address that tell: `PUT part`, `POST complete`, `PUT block`. */
export function storageCall(method: string, target: string): string {
  const parameters = new URLSearchParams(target.split('?', 2)[1] ?? '')
  const azure = parameters.get('comp')
  if (azure !== null) return `${method} ${azure}`
  if (parameters.has('partNumber')) return `${method} part`
  if (parameters.has('uploads')) return `${method} create`
  if (parameters.has('uploadId')) return method === 'POST' ? 'POST complete' : `${method} abort`
  return parameters.has('delete') ? `${method} delete` : `${method} object`
}
