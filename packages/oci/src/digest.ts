/** A content digest as the OCI image specification spells it, already checked: `sha256:<64 hex>` or `sha512:<128 hex>`, lower case. */
export type Digest = string & { readonly __brand: 'digest' }

export type DigestAlgorithm = 'sha256' | 'sha512'

interface Algorithm {
  readonly hexLength: number
  /** First byte of the stored form; a stored digest needs no column for its algorithm. */
  readonly tag: number
}

// A Map, not an object: `constructor:00…` must not find anything.
const algorithms: ReadonlyMap<string, Algorithm> = new Map([
  ['sha256', { hexLength: 64, tag: 1 }],
  ['sha512', { hexLength: 128, tag: 2 }],
])

const hexadecimal = /^[0-9a-f]+$/

/** The digest in `text`, or undefined where it is malformed or of an algorithm the registry does not offer. */
export function parseDigest(text: string): Digest | undefined {
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  const algorithm = algorithms.get(text.slice(0, colon))
  if (algorithm === undefined) return undefined
  const hex = text.slice(colon + 1)
  return hex.length === algorithm.hexLength && hexadecimal.test(hex) ? (text as Digest) : undefined
}

export function parseDigestAlgorithm(text: string): DigestAlgorithm | undefined {
  return algorithms.has(text) ? (text as DigestAlgorithm) : undefined
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(':')) as DigestAlgorithm
}

export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1)
}

export function digestOfHash(algorithm: DigestAlgorithm, hash: Uint8Array): Digest {
  return `${algorithm}:${Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('hex')}` as Digest
}

/** The compact stored form: one byte for the algorithm, then the hash: 33 or 65 bytes. */
export function digestToBytes(digest: Digest): Buffer {
  const { tag } = algorithms.get(digestAlgorithm(digest))!
  return Buffer.concat([Buffer.of(tag), Buffer.from(digestHex(digest), 'hex')])
}

/** The inverse of `digestToBytes`. Throws on bytes that it cannot have made: they can only come from a damaged store. */
export function digestFromBytes(bytes: Uint8Array): Digest {
  for (const [name, { tag, hexLength }] of algorithms) {
    if (bytes[0] === tag && bytes.length === 1 + hexLength / 2) return digestOfHash(name as DigestAlgorithm, bytes.subarray(1))
  }
  throw new Error(`stored digest of ${bytes.length} bytes starting with ${bytes[0]} is not one of ours`)
}
