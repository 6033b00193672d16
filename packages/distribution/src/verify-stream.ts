import { pipeline, Transform } from 'node:stream'
import type { Readable } from 'node:stream'
import { digestAlgorithm } from '@roadstead/oci/digest.ts'
import type { StoredBlob } from './metadata.ts'
import { startHash } from './running-hashes.ts'
import { stateOf } from './verify-bytes.ts'
import type { BytesState } from './verify-bytes.ts'

/**
 * Passes a whole blob on and holds back its last piece until the digest is known to be right. Where it is wrong, the stream breaks
 * with what `refuse` throws: the receiver, who was told the length, never has all bytes of something that is not the blob.
 */
export function verifying(source: Readable, blob: StoredBlob, refuse: (state: BytesState) => Promise<never>): Readable {
  const hash = startHash(digestAlgorithm(blob.digest))
  let count = 0
  let held: Buffer | undefined
  const fail = (state: BytesState): void => void refuse(state).catch((error: unknown) => stream.destroy(error as Error))
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      count += chunk.length
      if (count > blob.size) return fail('of another size')
      hash.update(chunk)
      const before = held
      held = chunk
      done(null, before)
    },
    flush(done) {
      const state = stateOf(blob, count, hash)
      if (state === 'sound') done(null, held)
      else fail(state)
    },
  })
  // Whoever reads hears of it by the stream itself.
  pipeline(source, stream, () => undefined)
  return stream
}
