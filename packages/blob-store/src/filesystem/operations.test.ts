import { describe, expect, test } from '@jest/globals'
import { rm } from 'node:fs/promises'
import type { RegistryId } from '@roadstead/oci/registry.ts'
import { createFilesystemStore } from '../filesystem.ts'
import { chunked, contentOf, pattern } from '../testing/bytes.ts'
import { freshFolder } from '../testing/folder.ts'
import { fileCalls } from './file-calls.ts'
import type { FileCalls } from './file-calls.ts'

const registry = 7 as RegistryId

describe('operations on files', () => {
  const { calls, take } = counting()

  test('a small blob costs one sync of its file and one of its folder to store, one look to commit, and three operations to read', async () => {
    const folder = await freshFolder()
    // The same first two digits: the second upload finds its folder made.
    let count = 0
    const newName = () => `ab${String(count++).padStart(30, '0')}`
    const store = createFilesystemStore({ folder, newName, calls })
    const put = async () => store.append(await store.begin(registry), chunked(pattern(10_000), 4096))
    await put()
    take()
    const upload = await put()
    expect(take()).toEqual({ open: 2, writev: 1, syncData: 1, sync: 1, close: 2 })
    await store.commit(upload)
    expect(take()).toEqual({ size: 1 })

    await contentOf(store, upload.location)
    expect(take()).toEqual({ open: 1, read: 1, close: 1 })
    await contentOf(store, upload.location, { first: 5_000, last: 9_999 })
    expect(take()).toEqual({ open: 1, read: 1, close: 1 })
    await rm(folder, { recursive: true })
  })

  test('a large blob is written by the MiB and never synced as a whole', async () => {
    const folder = await freshFolder()
    const store = createFilesystemStore({ folder, calls })
    take()
    await store.append(await store.begin(registry), chunked(pattern(64 * 1024 * 1024), 65_536))
    const { writev, syncData } = take()
    expect(writev).toBe(64)
    expect(syncData).toBe(3)
    await rm(folder, { recursive: true })
  })

  test('the start of an upload touches nothing', async () => {
    const store = createFilesystemStore({ folder: '/nowhere', calls })
    take()
    expect((await store.begin(registry)).location).toMatch(/^7\/([0-9a-f]{2})\/\1[0-9a-f]{30}$/)
    expect(take()).toEqual({})
  })
})

/** The real calls, counted by name until somebody takes the counts. */
function counting(): { readonly calls: FileCalls; readonly take: () => Record<string, number> } {
  let counts: Record<string, number> = {}
  const calls = new Proxy(fileCalls, {
    get(target, name: keyof FileCalls) {
      counts[name] = (counts[name] ?? 0) + 1
      return target[name]
    },
  })
  const take = () => {
    const taken = counts
    counts = {}
    return taken
  }
  return { calls, take }
}
