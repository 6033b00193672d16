import type { BlobStore, Location, StagedUpload, StoredBytes } from '@roadstead/distribution/blob-store.ts'
import type { RegistryId } from '@roadstead/oci/registry.ts'
import { chunked } from './bytes.ts'

export const registry = 7 as RegistryId
/** Its id begins with the same digit. */
export const neighbour = 70 as RegistryId

/** A store to be judged, over bytes that nobody else uses. */
export interface StoreUnderTest {
  readonly store: BlobStore
  /** Another instance over the same bytes, as another process would have it. */
  readonly another: () => BlobStore | Promise<BlobStore>
  readonly close: () => Promise<void>
}

export interface StoreTraits {
  /** It keeps everything in the memory of this process, so neither its memory nor its descriptors say anything. */
  readonly inMemory?: boolean
  /** An append takes no look at what was stored before it: that bytes are gone is noticed by the commit. */
  readonly noticesLossAtCommit?: boolean
}

/** What a test of the contract works with: the store of the test that runs. */
export interface Trial extends Pick<StoreUnderTest, 'store' | 'another'> {
  readonly traits: StoreTraits
  staged(bytes: Buffer): Promise<StagedUpload>
  committed(bytes: Buffer): Promise<Location>
}

export function trialOf(opened: () => StoreUnderTest, traits: StoreTraits): Trial {
  const staged = async (bytes: Buffer) => {
    const { store } = opened()
    return store.append(await store.begin(registry), chunked(bytes, 65_536))
  }
  return {
    traits,
    get store() {
      return opened().store
    },
    another: () => opened().another(),
    staged,
    async committed(bytes) {
      const upload = await staged(bytes)
      await opened().store.commit(upload)
      return upload.location
    },
  }
}

export async function collect(entries: AsyncIterable<StoredBytes>): Promise<StoredBytes[]> {
  const all: StoredBytes[] = []
  for await (const entry of entries) all.push(entry)
  return all
}
