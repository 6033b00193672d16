import { pageLimit } from '@roadstead/distribution/list.ts'
import { refuse } from '@roadstead/oci/errors.ts'

/** The part of a list that the client asks for. */
export interface PageQuery {
  readonly size: number
  /** Empty at the beginning. */
  readonly after: string
}

/** Longest `last`: it is echoed in a Link header. No name or tag is longer. */
const cursorLimit = 255

/** Reads `n` and `last`. A large `n` is served up to the limit of a page; `n=0` asks for nothing. Throws SIZE_INVALID and NAME_INVALID. */
export function parsePageQuery(query: URLSearchParams): PageQuery {
  const sizes = query.getAll('n')
  const cursors = query.getAll('last')
  if (sizes.length > 1 || cursors.length > 1) refuse('SIZE_INVALID', 'n and last may be given once')
  const after = cursors[0] ?? ''
  // A NUL would reach the database, which knows no text with one.
  if (after.length > cursorLimit || after.includes('\0')) refuse('NAME_INVALID', `last is not a name of at most ${cursorLimit} characters`)
  return { size: sizes[0] === undefined ? pageLimit : parseSize(sizes[0]), after }
}

function parseSize(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) refuse('SIZE_INVALID', 'n is not a whole number from 0 to 999999999')
  return Math.min(Number(text), pageLimit)
}

/** RFC 8288. A relative target: the client knows under which name it reached us. */
export function nextLink(path: string, parameters: Readonly<Record<string, string>>): string {
  return `<${path}?${new URLSearchParams(parameters).toString()}>; rel="next"`
}
