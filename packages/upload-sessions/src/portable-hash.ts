import { createHash } from 'node:crypto'
import type { PortableHash, PortableHashes } from '@roadstead/distribution/portable-hash.ts'
import type { DigestAlgorithm } from '@roadstead/oci/digest.ts'
import { createSHA256, createSHA512 } from 'hash-wasm'

type Hasher = Awaited<ReturnType<typeof createSHA256>>

/** Goes up when what a state consists of changes. */
const format = 1
/** The format, how many bytes were hashed, and a checksum over all the rest: a byte that was changed must not become a wrong digest. */
const header = { format: 0, offset: 1, checksum: 9, state: 17 }

/**
 * Loads the WebAssembly. One instance per algorithm serves all hashes, because its state is put in before and taken out after each use:
 * an upload costs a few hundred bytes and no instance of its own.
 */
export async function loadPortableHashes(): Promise<PortableHashes> {
  const hashers: Readonly<Record<DigestAlgorithm, Hasher>> = { sha256: await createSHA256(), sha512: await createSHA512() }
  return {
    start: (algorithm) => portableHash(hashers[algorithm], algorithm, 0, hashers[algorithm].init().save()),
    resume(algorithm, offset, text) {
      const state = unwrap(algorithm, offset, text)
      return state && isReadable(hashers[algorithm], state) ? portableHash(hashers[algorithm], algorithm, offset, state) : undefined
    },
  }
}

function portableHash(hasher: Hasher, algorithm: DigestAlgorithm, from: number, saved: Uint8Array): PortableHash {
  let state = saved
  let offset = from
  return {
    update(bytes) {
      state = hasher.load(state).update(bytes).save()
      offset += bytes.length
    },
    digest: () => hasher.load(state).digest('binary'),
    state: () => wrap(algorithm, offset, state),
  }
}

/** The library knows the states of its own version, by their length and a mark at their beginning. */
function isReadable(hasher: Hasher, state: Uint8Array): boolean {
  try {
    hasher.load(state)
    return true
  } catch {
    return false
  }
}

function wrap(algorithm: DigestAlgorithm, offset: number, state: Uint8Array): string {
  const bytes = Buffer.alloc(header.state + state.length)
  bytes.writeUInt8(format, header.format)
  bytes.writeBigUInt64BE(BigInt(offset), header.offset)
  bytes.set(state, header.state)
  checksum(algorithm, bytes).copy(bytes, header.checksum)
  return bytes.toString('base64')
}

function unwrap(algorithm: DigestAlgorithm, offset: number, text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length <= header.state || bytes[header.format] !== format || bytes.readBigUInt64BE(header.offset) !== BigInt(offset)) {
    return undefined
  }
  const found = bytes.subarray(header.checksum, header.state)
  // A copy of its own: the library wants nothing around the state.
  return found.equals(checksum(algorithm, bytes)) ? Uint8Array.from(bytes.subarray(header.state)) : undefined
}

function checksum(algorithm: DigestAlgorithm, bytes: Buffer): Buffer {
  const hash = createHash('sha256').update(`${algorithm} `).update(bytes.subarray(0, header.checksum))
  return hash
    .update(bytes.subarray(header.state))
    .digest()
    .subarray(0, header.state - header.checksum)
}
