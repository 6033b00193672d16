import { constants } from 'node:fs'
import { join } from 'node:path'
import { isPresent } from './failure.ts'
import type { FileCalls } from './file-calls.ts'
import type { Place } from './location.ts'

/** Lies in every prepared folder. An empty mount point has none, so nothing is written beside the disk that is missing. */
export const markerName = '.roadstead-blobs'

/** Folders that this process knows to be durable. Beyond this many it starts over: forgetting one costs a few operations. */
const knownLimit = 65_536

export interface Folders {
  /** Rejects when the store's folder is not there: a disk that is not mounted must not look like one that lost its blobs. */
  requireMarker(): Promise<void>
  /** Makes the folder of `place` where it is missing; resolves when its name would survive a crash. */
  ensure(place: Place): Promise<void>
  /** Drops what is known, after a folder turned out to be gone. */
  forget(): void
  /** Makes the names in a folder survive a crash. */
  sync(folder: string): Promise<void>
}

export function createFolders(root: string, calls: FileCalls): Folders {
  // Even a folder that is there already is synced once per process: another one may have made it and not yet have come to that.
  const known = new Map<string, Promise<void>>()

  const ensureFolder = (folder: string, parent: string, first: () => Promise<void>): Promise<void> => {
    const before = known.get(folder)
    if (before !== undefined) return before
    if (known.size >= knownLimit) known.clear()
    const made = makeFolder(folder, parent, first)
    known.set(folder, made)
    made.catch(() => known.delete(folder))
    return made
  }

  const makeFolder = async (folder: string, parent: string, first: () => Promise<void>) => {
    await first()
    await calls.makeFolder(folder).catch((error: unknown) => {
      if (!isPresent(error)) throw error
    })
    await sync(parent)
  }

  const sync = async (folder: string) => {
    const descriptor = await calls.open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      await calls.sync(descriptor)
    } finally {
      await calls.close(descriptor)
    }
  }

  const requireMarker = async () => {
    await calls.size(join(root, markerName))
  }

  return {
    requireMarker,
    ensure: ({ folder, registryFolder }) => ensureFolder(folder, registryFolder, () => ensureFolder(registryFolder, root, requireMarker)),
    forget: () => known.clear(),
    sync,
  }
}
