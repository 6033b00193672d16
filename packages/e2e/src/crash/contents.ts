import { randomBytes, randomInt } from 'node:crypto'
import { manifestOf, sha256 } from '../raw/repository.ts'

const KIB = 1024

/** What a client remembers of a blob. */
export interface Blob {
  readonly digest: string
  readonly size: number
}

/** Bytes that nobody has, most of them few; one in ten is large enough to be stored in several steps. */
export function freshBytes(largest: number): Buffer {
  const dice = randomInt(10)
  if (dice < 6) return randomBytes(randomInt(100, 64 * KIB))
  return randomBytes(dice < 9 ? randomInt(64 * KIB, 512 * KIB) : randomInt(largest / 4, largest))
}

/** Contents that every client pushes again and again, beside the others. */
export const popularContents = (largest: number): readonly Buffer[] =>
  [300, 20 * KIB, 100 * KIB, 700 * KIB, Math.round(largest / 2)].map((size) => randomBytes(size))

/** A manifest that nothing else equals, even where it names the same blobs. */
export function freshManifest(config: Blob, layers: readonly Blob[]): { readonly bytes: Buffer; readonly digest: string } {
  const plain = JSON.parse(manifestOf(Buffer.alloc(0), layers).toString()) as { config: object }
  const described = { ...plain, config: { ...plain.config, ...config }, annotations: { nonce: randomBytes(8).toString('hex') } }
  const bytes = Buffer.from(JSON.stringify(described))
  return { bytes, digest: sha256(bytes) }
}
