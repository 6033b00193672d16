import type { BlobStore } from '@roadstead/distribution/blob-store.ts'

/** A store that is opened when it is first used. Where that fails, the next use tries again. */
export function createLazyStore(open: () => Promise<BlobStore>): BlobStore {
  let opened: BlobStore | undefined
  let opening: Promise<BlobStore> | undefined
  const store = async (): Promise<BlobStore> => {
    opening ??= open().then(
      (ready) => (opened = ready),
      (error: unknown) => {
        opening = undefined
        throw error
      },
    )
    return opening
  }
  return {
    // Asked for after `begin`, by which time it is known.
    get minimumChunkSize() {
      return opened?.minimumChunkSize ?? 0
    },
    begin: async (registry) => (await store()).begin(registry),
    append: async (upload, bytes, signal) => (await store()).append(upload, bytes, signal),
    commit: async (upload) => (await store()).commit(upload),
    abort: async (upload) => (await store()).abort(upload),
    read: async (at, range, signal) => (await store()).read(at, range, signal),
    link: async (at, expires) => (await store()).link(at, expires),
    delete: async (at) => (await store()).delete(at),
    async *list(registry) {
      yield* (await store()).list(registry)
    },
  }
}
