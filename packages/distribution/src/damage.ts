import { Unavailable } from '@roadstead/oci/errors.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { StoredBlob } from './metadata.ts'
import type { Ports } from './ports.ts'
import type { BytesState } from './verify-bytes.ts'

/**
 * Marks a blob whose bytes turned out to be damaged, so that the next push of it brings new ones, and raises the alarm once. Nothing happens
 * where the blob was removed or repaired since `blob` was read. Always throws `Unavailable`, for whoever wanted the bytes.
 */
export async function noteDamage(
  { metadata, onBackgroundError }: Pick<Ports, 'metadata' | 'onBackgroundError'>,
  registry: Registry,
  blob: StoredBlob,
  state: BytesState,
): Promise<never> {
  try {
    if (await metadata.blobs.mark(registry, blob, 'damaged')) onBackgroundError(damage(registry, blob, state))
  } catch (error) {
    onBackgroundError(error)
  }
  throw unreadable(blob)
}

/** What an operator has to know. */
export function damage({ label }: Registry, { digest, location }: StoredBlob, state: BytesState): Error {
  return new Error(
    `the bytes of ${digest} in ${label}, at ${location}, are ${state}; the blob can be pulled again once it was pushed again`,
  )
}

export function unreadable({ digest }: StoredBlob): Unavailable {
  return new Unavailable('storage', { message: `the bytes of ${digest} cannot be read at present` })
}
