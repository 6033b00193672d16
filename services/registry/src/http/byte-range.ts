import type { ByteRange } from '@roadstead/distribution/blob-store.ts'
import { refuse } from '@roadstead/oci/errors.ts'

/**
 * The part of a blob that a Range header asks for (RFC 9110 §14.2); undefined where the whole is to be sent: without the header, for
 * another unit, and for several ranges, which a server may ignore and which no registry client sends. Throws SIZE_INVALID (range) for
 * bytes that the blob does not have.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  if (header === undefined || !/^bytes=/i.test(header) || header.includes(',')) return undefined
  const match = /^bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*$/i.exec(header)
  const range = match === null ? undefined : boundsOf(match[1]!, match[2]!, size)
  if (range === undefined)
    refuse('SIZE_INVALID', `the blob has ${size} bytes, none of them in this range`, { reason: 'range', detail: { size } })
  return range
}

function boundsOf(first: string, last: string, size: number): ByteRange | undefined {
  if (first === '' && last === '') return undefined
  const range =
    first === ''
      ? { first: Math.max(0, size - Number(last)), last: size - 1 }
      : { first: Number(first), last: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
  return range.first <= range.last ? range : undefined
}
