import type { Registry, RegistryId } from '@roadstead/oci/registry.ts'
import { allRegistries } from './all-registries.ts'
import type { Location } from './blob-store.ts'
import { discardStaged } from './discard-staged.ts'
import type { Ports } from './ports.ts'
import { sessionLifetime } from './upload-claim.ts'

/**
 * Bytes have to be this old before the sweeper asks whether anybody needs them: twice the life of a session, so that no upload in
 * progress, and none that is being completed at this moment, has bytes of that age. Milliseconds.
 */
export const orphanAge = 2 * sessionLifetime

const sessionBatch = 100
const locationBatch = 500

type SweepPorts = Pick<Ports, 'metadata' | 'blobStore' | 'sessions' | 'now' | 'onBackgroundError'>

/**
 * Ends upload sessions whose time is up and frees what they stored. A session whose bytes cannot be freed now stays for the next time.
 * Answers how many ended.
 */
export async function sweepSessions(ports: SweepPorts, signal?: AbortSignal): Promise<number> {
  let ended = 0
  for (;;) {
    const sessions = await ports.sessions.expired(ports.now(), sessionBatch)
    let failed = 0
    for (const session of sessions) {
      if (signal?.aborted === true) return ended
      try {
        const registry = await findRegistry(ports, session.registry)
        if (registry !== undefined) await discardStaged(ports, registry, session.staged)
        await ports.sessions.delete(session)
        ended += 1
      } catch (error) {
        failed += 1
        ports.onBackgroundError(error)
      }
    }
    // A session that failed is answered again, so a batch of failures would come back for ever.
    if (failed > 0 || sessions.length < sessionBatch) return ended
  }
}

/**
 * Removes bytes that no row names: what uploads left behind that nobody remembers, as after the loss of all sessions. Goes through all
 * registries, one batch after the other. Answers how many locations were freed.
 */
export async function sweepOrphans(ports: SweepPorts, signal?: AbortSignal): Promise<number> {
  let freed = 0
  for await (const registry of allRegistries(ports)) {
    try {
      freed += await sweepRegistry(ports, registry, signal)
    } catch (error) {
      // The storage of one registry may be away while those of the others answer.
      ports.onBackgroundError(error)
    }
    if (signal?.aborted === true) break
  }
  return freed
}

async function sweepRegistry(ports: SweepPorts, registry: Registry, signal: AbortSignal | undefined): Promise<number> {
  const store = ports.blobStore(registry)
  const before = ports.now().getTime() - orphanAge
  let freed = 0
  let batch: Location[] = []
  const free = async (): Promise<void> => {
    // The facts are asked after the list was made, so bytes whose row came meanwhile are kept.
    const unknown = await ports.metadata.blobs.unknownLocations(registry, batch)
    if (unknown.length > 0) await store.delete(unknown)
    freed += unknown.length
    batch = []
  }
  for await (const { location, modifiedAt } of store.list(registry.id)) {
    if (signal?.aborted === true) return freed
    if (modifiedAt.getTime() < before) batch.push(location)
    if (batch.length === locationBatch) await free()
  }
  if (batch.length > 0) await free()
  return freed
}

/** Ids ascend: the first one after the previous number is the wanted one, or it is gone. */
async function findRegistry({ metadata }: SweepPorts, id: RegistryId): Promise<Registry | undefined> {
  const [registry] = await metadata.registries.list((id - 1) as RegistryId, 1)
  return registry?.id === id ? registry : undefined
}
