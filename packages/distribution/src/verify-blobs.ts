import type { Registry } from '@roadstead/oci/registry.ts'
import type { BlobStore, StoredBytes } from './blob-store.ts'
import type { CheckedBlob } from './consistency-facts.ts'
import { inParallel } from './in-parallel.ts'
import type { StoredBlob } from './metadata.ts'
import type { Ports } from './ports.ts'
import { checkBytes } from './verify-bytes.ts'
import type { BytesState } from './verify-bytes.ts'
import type { Finding, FindingKind } from './verify-finding.ts'
import type { Counts } from './verify-progress.ts'
import { createStoredSizes, partOf } from './verify-sizes.ts'
import type { StoredSizes } from './verify-sizes.ts'

const pageSize = 1000
const locationBatch = 500
const shownUsers = 5

/** Blobs in a row that cannot be read: no damage any more, but a storage that is away. */
const failureLimit = 10

export interface BlobCheck {
  readonly ports: Pick<Ports, 'metadata' | 'blobStore' | 'now'>
  readonly registry: Registry
  readonly deep: boolean
  /** Blobs that are read at the same time. */
  readonly concurrency: number
  /** Milliseconds for which bytes may lie there without a row. */
  readonly grace: number
  /** Most sizes that are held at the same time. With more blobs the storage is listed several times. */
  readonly sizeLimit: number
  /** Notes damage in the facts, so that a push repairs it, and that it is gone. */
  readonly mark: boolean
  readonly counts: Counts
  readonly onProgress: () => void
  readonly signal: AbortSignal | undefined
}

/**
 * Compares a registry's blobs with what its store holds: by sizes from the store's list, or by all bytes. What looks wrong is looked at
 * once more, alone and by its bytes, since others push and remove while this goes on.
 */
export async function* verifyBlobs(check: BlobCheck): AsyncGenerator<Finding> {
  const store = check.ports.blobStore(check.registry)
  for (let part = 0, parts = 1; part < parts; part++) {
    const sizes = createStoredSizes()
    let batch: StoredBytes[] = []
    for await (const stored of store.list(check.registry.id)) {
      check.signal?.throwIfAborted()
      if (partOf(stored.location, parts) === part && !check.deep) sizes.put(stored.location, stored.size)
      if (part > 0) continue
      if (sizes.count() > check.sizeLimit) sizes.keep(part, (parts *= 2))
      check.counts.stored++
      batch.push(stored)
      if (batch.length < locationBatch) continue
      yield* orphans(check, batch)
      batch = []
    }
    if (batch.length > 0) yield* orphans(check, batch)
    yield* check.deep ? deepCheck(check, store) : sizeCheck(check, store, sizes, part, parts)
  }
}

async function* orphans({ ports, registry, grace, onProgress }: BlobCheck, listed: readonly StoredBytes[]): AsyncGenerator<Finding> {
  onProgress()
  const before = ports.now().getTime() - grace
  const old = new Map(listed.filter(({ modifiedAt }) => modifiedAt.getTime() < before).map((stored) => [stored.location, stored]))
  if (old.size === 0) return
  for (const location of await ports.metadata.blobs.unknownLocations(registry, [...old.keys()])) {
    yield { kind: 'bytes without blob', registry: registry.label, location, size: old.get(location)!.size }
  }
}

async function* sizeCheck(check: BlobCheck, store: BlobStore, sizes: StoredSizes, part: number, parts: number): AsyncGenerator<Finding> {
  for await (const blob of rows(check)) {
    if (partOf(blob.location, parts) !== part) continue
    yield* countBlob(check, blob)
    // Also where another blob's bytes lie in its place, a list shows nothing wrong with them: that is what deep checks are for.
    const isRight = sizes.get(blob.location) === blob.size && blob.damaged === undefined
    if (!isRight) yield* suspect(check, store, blob)
  }
}

async function* deepCheck(check: BlobCheck, store: BlobStore): AsyncGenerator<Finding> {
  let failures = 0
  const results = inParallel(rows(check), check.concurrency, async (blob) => ({ blob, state: await stateOf(check, store, blob) }))
  for await (const { blob, state } of results) {
    yield* countBlob(check, blob)
    failures = state instanceof Error ? failures + 1 : 0
    if (state instanceof Error && failures === failureLimit) throw state
    if (state !== 'sound' || blob.damaged) yield* suspect(check, store, blob)
  }
}

async function* countBlob({ registry, counts, onProgress }: BlobCheck, blob: CheckedBlob): AsyncGenerator<Finding> {
  counts.blobs++
  onProgress()
  if (!blob.linked) yield { kind: 'blob without repository', registry: registry.label, digest: blob.digest, location: blob.location }
}

/** Looks again. A blob that was removed, or repaired, since its row was read is no finding. */
async function* suspect(check: BlobCheck, store: BlobStore, seen: StoredBlob): AsyncGenerator<Finding> {
  const { ports, registry, mark } = check
  const state = await stateOf(check, store, seen)
  const current = await ports.metadata.consistency.blob(registry, seen.digest)
  if (current === undefined || current.location !== seen.location) return
  if (state === 'sound') {
    if (current.damaged === undefined) return
    if (mark) await ports.metadata.blobs.mark(registry, current, 'sound')
  } else if (mark) await ports.metadata.blobs.mark(registry, current, 'damaged')
  yield {
    kind: kindOf(state, current),
    registry: registry.label,
    digest: seen.digest,
    location: seen.location,
    size: seen.size,
    users: await ports.metadata.consistency.users(registry, seen.digest, shownUsers),
    ...(state instanceof Error && { reason: state.cause instanceof Error ? state.cause.message : state.message }),
  }
}

function kindOf(state: BytesState | Error, { damaged }: StoredBlob): FindingKind {
  if (state === 'sound') return 'bytes wrongly known as damaged'
  if (damaged) return 'bytes known as damaged'
  return state instanceof Error ? 'bytes unreadable' : `bytes ${state}`
}

/** An error is about this blob alone, or about the whole storage; who sees several of them can tell. */
async function stateOf(check: BlobCheck, store: BlobStore, blob: StoredBlob): Promise<BytesState | Error> {
  const onBytes = (count: number): void => {
    check.counts.bytes += count
    check.onProgress()
  }
  try {
    return await checkBytes(store, blob, onBytes, check.signal)
  } catch (error) {
    check.signal?.throwIfAborted()
    return error as Error
  }
}

async function* rows({ ports, registry, signal }: BlobCheck): AsyncGenerator<CheckedBlob> {
  let page = await ports.metadata.consistency.blobs(registry, undefined, pageSize)
  while (page.length > 0) {
    signal?.throwIfAborted()
    // The next page is on its way while this one is looked at.
    const next = ports.metadata.consistency.blobs(registry, page.at(-1)!.digest, pageSize)
    next.catch(() => undefined)
    yield* page
    page = await next
  }
}
