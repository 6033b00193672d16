import type { Registry } from '@roadstead/oci/registry.ts'
import { walkRegistries } from './all-registries.ts'
import type { BlobStore } from './blob-store.ts'
import { damage } from './damage.ts'
import type { StoredBlob } from './metadata.ts'
import type { Ports } from './ports.ts'
import type { Pace } from './scrub-pace.ts'
import { checkBytes } from './verify-bytes.ts'
import type { BytesState } from './verify-bytes.ts'

const pageSize = 100

/** For how long a process keeps a registry that it does not write to the facts about. A living one does so several times in between. Milliseconds. */
const claimLifetime = 10 * 60_000

/** Blobs in a row that have no bytes, or cannot be read, after which this is not believed any more: another folder or bucket looks like that. */
const doubtLimit = 20

export interface ScrubOptions {
  /** Each registry is checked anew this long after it was checked last. Milliseconds. */
  readonly every: number
  readonly pace: Pace
  readonly signal?: AbortSignal
}

export interface Scrubbed {
  readonly checked: number
  readonly damaged: number
}

type ScrubPorts = Pick<Ports, 'metadata' | 'blobStore' | 'now' | 'onBackgroundError'>

/**
 * Reads all bytes of all registries whose check is due, slowly, and marks the blobs that are damaged. Goes on where the last process
 * stopped. Others that do the same take other registries. Each damaged blob goes to `onBackgroundError`.
 */
export async function scrub(ports: ScrubPorts, options: ScrubOptions): Promise<Scrubbed> {
  const total = { checked: 0, damaged: 0 }
  while (!isStopped(options)) {
    const claim = await ports.metadata.scrubs.claim(options.every, claimLifetime)
    if (claim === undefined) break
    try {
      await scrubRegistry(ports, options, claim, total)
    } catch (error) {
      // Kept until the claim runs out, so that the others have their turn before this one is tried again.
      ports.onBackgroundError(error)
    }
  }
  return total
}

function isStopped({ signal }: { readonly signal?: AbortSignal | undefined }): boolean {
  return signal?.aborted === true
}

async function scrubRegistry(
  ports: ScrubPorts,
  options: ScrubOptions,
  { registry, after: from }: NonNullable<Awaited<ReturnType<Ports['metadata']['scrubs']['claim']>>>,
  total: { checked: number; damaged: number },
): Promise<void> {
  const { metadata, now } = ports
  const store = ports.blobStore(registry)
  let after = from
  let noted = now().getTime()
  const note = async (): Promise<void> => {
    noted = now().getTime()
    await metadata.scrubs.advance(registry, after, claimLifetime)
  }
  const onBytes = async (count: number): Promise<void> => {
    await options.pace(count)
    // One blob may take hours.
    if (now().getTime() - noted > claimLifetime / 3) await note()
  }
  let doubt = 0
  try {
    for (;;) {
      const page = await metadata.consistency.blobs(registry, after, pageSize)
      if (page.length === 0) return await metadata.scrubs.finish(registry)
      for (const blob of page) {
        options.signal?.throwIfAborted()
        const state = await checkTwice(store, blob, onBytes, options.signal)
        doubt = state === 'missing' || state instanceof Error ? doubt + 1 : 0
        if (doubt > doubtLimit) throw doubtOf(registry, state)
        if (await settle(ports, registry, blob, state)) total.damaged++
        total.checked++
        after = blob.digest
      }
      await note()
    }
  } catch (error) {
    if (!isStopped(options)) throw error
    // The next process goes on here at once.
    await metadata.scrubs.advance(registry, after, 0)
  }
}

/** Writes down what was found. True where the blob turned out to be damaged and nobody knew. */
async function settle(
  { metadata, onBackgroundError }: Pick<Ports, 'metadata' | 'onBackgroundError'>,
  registry: Registry,
  blob: StoredBlob,
  state: BytesState | Error,
): Promise<boolean> {
  if (state instanceof Error) {
    // It says nothing about the bytes, and must not keep the others from being checked.
    onBackgroundError(new Error(`the bytes of ${blob.digest} in ${registry.label}, at ${blob.location}, cannot be read`, { cause: state }))
    return false
  }
  if (state !== 'sound') {
    const isNew = await metadata.blobs.mark(registry, blob, 'damaged')
    if (isNew) onBackgroundError(damage(registry, blob, state))
    return isNew
  }
  if (blob.damaged) await metadata.blobs.mark(registry, blob, 'sound')
  return false
}

/**
 * Looks again at the blobs that are marked as damaged, and takes the mark from those that are sound: the storage may have been another one
 * for a while, or its bytes restored. Answers how many.
 */
export async function recheckDamaged(
  { metadata, blobStore, onBackgroundError }: Pick<Ports, 'metadata' | 'blobStore' | 'onBackgroundError'>,
  pace: Pace,
  signal?: AbortSignal,
): Promise<number> {
  let sound = 0
  for await (const registry of walkRegistries((after) => metadata.consistency.damagedRegistries(after, pageSize))) {
    if (isStopped({ signal })) break
    try {
      for await (const blob of damagedBlobs(metadata, registry)) {
        const isSound = (await checkBytes(blobStore(registry), blob, pace, signal)) === 'sound'
        if (isSound && (await metadata.blobs.mark(registry, blob, 'sound'))) sound++
      }
    } catch (error) {
      if (!isStopped({ signal })) onBackgroundError(error)
    }
  }
  return sound
}

async function* damagedBlobs(metadata: Ports['metadata'], registry: Registry): AsyncGenerator<StoredBlob> {
  let page = await metadata.consistency.damaged(registry, undefined, pageSize)
  while (page.length > 0) {
    yield* page
    page = await metadata.consistency.damaged(registry, page.at(-1)!.digest, pageSize)
  }
}

/** What was wrong on the way only must not cost the blob its good name. */
async function checkTwice(
  store: BlobStore,
  blob: StoredBlob,
  onBytes: (count: number) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<BytesState | Error> {
  const check = (): Promise<BytesState | Error> =>
    checkBytes(store, blob, onBytes, signal).catch((error: unknown) => {
      signal?.throwIfAborted()
      return error as Error
    })
  const state = await check()
  return state === 'sound' ? state : check()
}

function doubtOf({ label }: Registry, state: BytesState | Error): Error {
  const cause = state instanceof Error ? { cause: state } : {}
  return new Error(`${doubtLimit} blobs of ${label} in a row have no bytes that can be read: is this its storage?`, cause)
}
