import type { StagedUpload } from '@roadstead/distribution/blob-store.ts'

/** A part that the store has. */
export interface Part {
  readonly size: number
  /** Without its quotes. */
  readonly etag: string
  /** What the store computed, where checksums are on: it wants to be told again when the upload is completed. */
  readonly crc32?: string
}

/** Bytes behind the last part, in an object of their own. */
export interface Parked {
  readonly name: string
  readonly size: number
}

/** Where the bytes of an upload are that were acknowledged. */
export interface Progress {
  /** All of them are an object at the location itself, written once and never again until the commit of something longer. */
  readonly whole: boolean
  /** The store's name of the multipart upload. */
  readonly upload: string | undefined
  readonly parts: readonly Part[]
  readonly parked: Parked | undefined
  /** Names of parked bytes that were needed until this append was acknowledged; the next one removes them. */
  readonly stale: readonly string[]
}

/** As it is written: short names, sizes by runs, since a session holds up to 10,000 parts and is written after every chunk. */
interface Written {
  readonly w?: 1
  readonly u?: string
  /** Count and size of parts that follow each other. */
  readonly s?: readonly (readonly [number, number])[]
  /** Entity tags of the parts, a blank between them; MD5 digests in base64. */
  readonly e?: string
  readonly p?: readonly [string, number]
  readonly o?: readonly string[]
}

export const nothingStored: Progress = { whole: false, upload: undefined, parts: [], parked: undefined, stale: [] }

/** Where the bytes of `upload` are. Throws an Error where the memo is none of ours or does not fit the offset. */
export function progressOf({ memo, offset, location }: StagedUpload): Progress {
  if (memo === undefined) {
    if (offset !== 0) throw new Error(`the upload at ${location} has lost its memory of ${offset} bytes`)
    return nothingStored
  }
  const progress = decode(JSON.parse(memo) as Written)
  if (!progress.whole && storedIn(progress) !== offset) {
    throw new Error(`the upload at ${location} remembers ${storedIn(progress)} bytes of ${offset}`)
  }
  return progress
}

export function memoOf(progress: Progress): string {
  const { whole, upload, parts, parked, stale } = progress
  const written: Written = {
    ...(whole && { w: 1 }),
    ...(upload !== undefined && { u: upload }),
    ...(parts.length > 0 && { s: runs(parts.map(({ size }) => size)), e: parts.map(packed).join(' ') }),
    ...(parked !== undefined && { p: [parked.name, parked.size] }),
    ...(stale.length > 0 && { o: stale }),
  }
  return JSON.stringify(written)
}

/** Bytes in parts. */
export function sizeOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { size }) => sum + size, 0)
}

function storedIn({ parts, parked }: Progress): number {
  return sizeOf(parts) + (parked?.size ?? 0)
}

function decode({ w, u, s = [], e = '', p, o = [] }: Written): Progress {
  const sizes = s.flatMap(([count, size]) => Array.from({ length: count }, () => size))
  const tags = e === '' ? [] : e.split(' ')
  if (tags.length !== sizes.length) throw new Error('the memory of an upload has not as many parts as sizes')
  return {
    whole: w === 1,
    upload: u,
    parts: tags.map((tag, index) => unpacked(tag, sizes[index]!)),
    parked: p && { name: p[0], size: p[1] },
    stale: o,
  }
}

function runs(sizes: readonly number[]): [number, number][] {
  const all: [number, number][] = []
  for (const size of sizes) {
    const last = all.at(-1)
    if (last?.[1] === size) last[0] += 1
    else all.push([1, size])
  }
  return all
}

// The marks tell the forms apart; neither a blank nor a comma is in any of them.
function packed({ etag, crc32 }: Part): string {
  const tag = /^[0-9a-f]{32}$/.test(etag) ? `~${Buffer.from(etag, 'hex').toString('base64url')}` : `=${encodeURIComponent(etag)}`
  return crc32 === undefined ? tag : `${tag},${crc32}`
}

function unpacked(text: string, size: number): Part {
  const [tag = '', crc32] = text.split(',')
  const etag = tag.startsWith('~') ? Buffer.from(tag.slice(1), 'base64url').toString('hex') : decodeURIComponent(tag.slice(1))
  return { size, etag, ...(crc32 !== undefined && { crc32 }) }
}
