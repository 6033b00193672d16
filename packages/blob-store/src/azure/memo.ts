import { createHash } from 'node:crypto'
import type { Location } from '@roadstead/distribution/blob-store.ts'

/** The blocks of one append, in order. Its nonce is drawn anew for each append, so that two that race never write the same block. */
export interface Run {
  /** Nine random bytes in base64. */
  readonly nonce: string
  readonly count: number
}

/** Bytes behind the last block, too few for a block of their own, kept in an append blob beside the upload's blob. */
export interface Tail {
  readonly location: Location
  /** Bytes of it that count. There may be more, from an append that nobody acknowledged. */
  readonly length: number
  /** Pieces that were appended to it: Azure allows 50,000. */
  readonly pieces: number
}

/** What an Azure upload has to remember: the blocks that count and the tail behind them. */
export interface Memo {
  readonly runs: readonly Run[]
  readonly tail?: Tail
  /** Tails whose bytes are in a block by now, not removed yet. */
  readonly obsolete: readonly Location[]
}

const nonceForm = /^[A-Za-z0-9+/]{12}$/

/** `<nonce>.<count>,…|<tail>.<length>.<pieces>|<obsolete>,…`, numbers in base 36: an append costs some 15 characters. */
export function writeMemo({ runs, tail, obsolete }: Memo): string | undefined {
  if (runs.length === 0 && tail === undefined && obsolete.length === 0) return undefined
  const blocks = runs.map(({ nonce, count }) => `${nonce}.${count.toString(36)}`).join(',')
  const behind = tail === undefined ? '' : `${tail.location}.${tail.length.toString(36)}.${tail.pieces.toString(36)}`
  return `${blocks}|${behind}|${obsolete.join(',')}`
}

export function readMemo(text: string | undefined): Memo {
  if (text === undefined) return { runs: [], obsolete: [] }
  const [blocks, behind, obsolete, ...rest] = text.split('|')
  if (blocks === undefined || behind === undefined || obsolete === undefined || rest.length > 0) throw unreadable()
  return {
    runs: listed(blocks).map(readRun),
    ...(behind !== '' && { tail: readTail(behind) }),
    obsolete: listed(obsolete) as Location[],
  }
}

export function countBlocks(runs: readonly Run[]): number {
  return runs.reduce((sum, { count }) => sum + count, 0)
}

/** Block ids have to be of one length within a blob: twelve bytes, of which the last three count the blocks of the append. */
export function blockId(nonce: string, index: number): string {
  const number = Buffer.alloc(4)
  number.writeUInt32BE(index)
  return nonce + number.subarray(1).toString('base64')
}

/** The tail as a block. The id follows from what it holds, so that a repeated commit writes the same block, and names the same list. */
export function tailBlockId({ location, length }: Tail): string {
  return createHash('sha256').update(`${location} ${length}`).digest().subarray(0, 12).toString('base64')
}

/** All blocks in order; the tail comes last. */
export function blockIds({ runs, tail }: Memo): readonly string[] {
  const ids = runs.flatMap(({ nonce, count }) => Array.from({ length: count }, (_, index) => blockId(nonce, index)))
  return tail === undefined ? ids : [...ids, tailBlockId(tail)]
}

/** Stands for exactly these bytes: kept with the committed blob, it tells a commit that is repeated from one that came second. */
export function sealOf(ids: readonly string[], size: number): string {
  return createHash('sha256').update(ids.join(' ')).update(` ${size}`).digest('hex')
}

function listed(text: string): string[] {
  return text === '' ? [] : text.split(',')
}

function readRun(text: string): Run {
  const [nonce = '', count = ''] = text.split('.')
  if (!nonceForm.test(nonce)) throw unreadable()
  return { nonce, count: readNumber(count) }
}

function readTail(text: string): Tail {
  const [location = '', length = '', pieces = ''] = text.split('.')
  return { location: location as Location, length: readNumber(length), pieces: readNumber(pieces) }
}

function readNumber(text: string): number {
  const value = Number.parseInt(text, 36)
  if (!Number.isSafeInteger(value) || value < 1 || value.toString(36) !== text) throw unreadable()
  return value
}

function unreadable(): Error {
  return new Error('the memo of the upload is not one of this store')
}
