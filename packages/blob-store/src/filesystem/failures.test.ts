import { describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageFull, Unavailable } from '@roadstead/oci/errors.ts'
import type { RegistryId } from '@roadstead/oci/registry.ts'
import { createFilesystemStore } from '../filesystem.ts'
import { chunked, contentOf, pattern, summaryOf } from '../testing/bytes.ts'
import { freshFolder } from '../testing/folder.ts'
import { fileCalls } from './file-calls.ts'
import type { FileCalls } from './file-calls.ts'
import { checkFolder, prepareFolder } from './prepare.ts'

const registry = 7 as RegistryId
const asRoot = process.getuid?.() === 0

describe('what the disk says', () => {
  test.each(['ENOSPC', 'EDQUOT'])('%s is a full storage, and frees what the append took', async (code) => {
    for (const call of ['writev', 'syncData', 'open'] as const) {
      const folder = await freshFolder()
      const upload = await storeOf(folder).append(await storeOf(folder).begin(registry), chunked(pattern(1000), 100))
      const store = createFilesystemStore({ folder, calls: failingAt(call, code) })
      await expect(store.append(upload, chunked(pattern(100_000), 1000))).rejects.toThrow(StorageFull)
      expect((await stat(join(folder, upload.location))).size).toBe(1000)
      await rm(folder, { recursive: true })
    }
  })

  test.each(['EIO', 'EROFS', 'EACCES', 'EMFILE', 'ESTALE'])('%s is a storage that does not answer', async (code) => {
    const folder = await freshFolder()
    const upload = await storeOf(folder).append(await storeOf(folder).begin(registry), chunked(pattern(1000), 100))
    const broken = (call: keyof FileCalls) => createFilesystemStore({ folder, calls: failingAt(call, code) })
    const fresh = await broken('open').begin(registry)
    for (const call of ['open', 'writev', 'syncData', 'sync', 'makeFolder'] as const) {
      await expect(broken(call).append(fresh, chunked(pattern(10), 10))).rejects.toThrow(Unavailable)
    }
    await expect(broken('open').read(upload.location)).rejects.toThrow(Unavailable)
    await expect(broken('read').read(upload.location)).rejects.toThrow(Unavailable)
    await expect(broken('size').commit(upload)).rejects.toThrow(Unavailable)
    await expect(broken('unlink').abort(upload)).rejects.toThrow(Unavailable)
    await expect(broken('unlink').delete([upload.location])).rejects.toThrow(Unavailable)
    await rm(folder, { recursive: true })
  })

  test('a sync in the middle of an append that fails fails the append, though the last one succeeds', async () => {
    const folder = await freshFolder()
    let first = true
    const syncData: FileCalls['syncData'] = async (descriptor) => {
      if (!first) return fileCalls.syncData(descriptor)
      first = false
      throw Object.assign(new Error('EIO: as told'), { code: 'EIO', errno: -5 })
    }
    const store = createFilesystemStore({ folder, calls: { ...fileCalls, syncData } })
    const append = store.append(await store.begin(registry), chunked(pattern(80 * 1024 * 1024), 65_536))
    await expect(append).rejects.toThrow(Unavailable)
    await rm(folder, { recursive: true })
  })

  test('a folder that could not be made once is made the next time', async () => {
    const folder = await freshFolder()
    let failures = 1
    const makeFolder: FileCalls['makeFolder'] = async (path) => {
      if (failures-- > 0) throw Object.assign(new Error('ENOSPC: as told'), { code: 'ENOSPC', errno: -28 })
      await fileCalls.makeFolder(path)
    }
    const store = createFilesystemStore({ folder, calls: { ...fileCalls, makeFolder } })
    const upload = await store.begin(registry)
    await expect(store.append(upload, chunked(pattern(10), 10))).rejects.toThrow(StorageFull)
    expect((await store.append(upload, chunked(pattern(10), 10))).offset).toBe(10)
    await rm(folder, { recursive: true })
  })

  test('a write that takes only a part goes on where it stopped', async () => {
    const folder = await freshFolder()
    const store = createFilesystemStore({ folder, calls: { ...fileCalls, writev: writePart } })
    const upload = await store.append(await store.begin(registry), chunked(pattern(50_000), 1000))
    expect(await contentOf(store, upload.location)).toEqual(summaryOf(pattern(50_000)))
    await rm(folder, { recursive: true })
  })

  const onSmallDisk = mayMount() ? test : test.skip
  onSmallDisk('a full disk is a full storage, its other bytes stay readable, and an abort gives the room back', async () => {
    const mount = await mkdtemp(join(tmpdir(), 'blob-store-'))
    mountMemory(mount, '8m')
    try {
      await prepareFolder(mount)
      const store = storeOf(mount)
      const kept = await store.append(await store.begin(registry), chunked(pattern(1_000_000), 65_536))
      const upload = await store.begin(registry)
      await expect(store.append(upload, chunked(pattern(16 * 1024 * 1024), 65_536))).rejects.toThrow(StorageFull)
      expect((await contentOf(store, kept.location))?.length).toBe(1_000_000)
      await store.abort(upload)
      const next = await store.append(await store.begin(registry), chunked(pattern(4_000_000), 65_536))
      expect(next.offset).toBe(4_000_000)
    } finally {
      execFileSync('umount', [mount])
      await rm(mount, { recursive: true })
    }
  })

  test('a folder that is gone or not mounted does not answer; it is never a missing blob', async () => {
    const folder = await freshFolder()
    const upload = await storeOf(folder).append(await storeOf(folder).begin(registry), chunked(pattern(1000), 100))
    await rm(folder, { recursive: true })
    for (const state of ['gone', 'empty mount point'] as const) {
      if (state === 'empty mount point') await mkdir(folder)
      const store = storeOf(folder)
      await expect(store.read(upload.location)).rejects.toThrow(Unavailable)
      await expect(store.commit(upload)).rejects.toThrow(Unavailable)
      await expect(store.append(upload, chunked(pattern(10), 10))).rejects.toThrow(Unavailable)
      await expect(store.append(await store.begin(registry), chunked(pattern(10), 10))).rejects.toThrow(Unavailable)
      await expect(checkFolder(folder)).rejects.toThrow(Unavailable)
    }
    expect(await readdir(folder)).toEqual([])
    await rm(folder, { recursive: true })
  })

  test('a folder that may not be read does not answer', async () => {
    const folder = await freshFolder()
    const upload = await storeOf(folder).append(await storeOf(folder).begin(registry), chunked(pattern(1000), 100))
    if (asRoot) {
      // Nothing is forbidden to root; a file in the place of a folder is as unreadable.
      await rm(join(folder, '7'), { recursive: true })
      await writeFile(join(folder, '7'), '')
    } else await chmod(join(folder, '7'), 0)
    await expect(storeOf(folder).read(upload.location)).rejects.toThrow(Unavailable)
    await expect(storeOf(folder).list(registry)[Symbol.asyncIterator]().next()).rejects.toThrow(Unavailable)
    if (!asRoot) await chmod(join(folder, '7'), 0o700)
    await rm(folder, { recursive: true })
  })
})

/** The real calls, of which one always fails. */
function failingAt(call: keyof FileCalls, code: string): FileCalls {
  return { ...fileCalls, [call]: () => Promise.reject(Object.assign(new Error(`${code}: as told`), { code, errno: -1, syscall: call })) }
}

const writePart: FileCalls['writev'] = (descriptor, buffers, position) =>
  fileCalls.writev(descriptor, [buffers[0]!.subarray(0, 777)], position)

function storeOf(folder: string) {
  return createFilesystemStore({ folder })
}

function mountMemory(folder: string, size: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], { stdio: 'ignore' })
}

/** Even root may not, in most containers. */
function mayMount(): boolean {
  if (!asRoot) return false
  const folder = mkdtempSync(join(tmpdir(), 'blob-store-'))
  try {
    mountMemory(folder, '1m')
    execFileSync('umount', [folder])
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true })
  }
}
