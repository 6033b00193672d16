import { describe, expect, test } from '@jest/globals'
import { mkdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Location } from '@roadstead/distribution/blob-store.ts'
import { Unavailable } from '@roadstead/oci/errors.ts'
import type { RegistryId } from '@roadstead/oci/registry.ts'
import { createFilesystemStore } from '../filesystem.ts'
import { chunked, contentOf, pattern } from '../testing/bytes.ts'
import { freshFolder } from '../testing/folder.ts'
import { fileCalls } from './file-calls.ts'
import type { FileCalls } from './file-calls.ts'

const registry = 7 as RegistryId

describe('files and folders', () => {
  test.each([
    '',
    '/',
    '7',
    '../../etc/passwd',
    '7/ab',
    '7/ab/../../../../etc/passwd',
    '7/ab/cd' + '0'.repeat(30),
    '07/ab/ab' + '0'.repeat(30),
  ])('the location %j never becomes a path', async (text) => {
    const touched: string[] = []
    const open: FileCalls['open'] = async (path) => touched.push(path)
    const store = createFilesystemStore({
      folder: '/nowhere',
      calls: { ...fileCalls, open, unlink: async (path) => void touched.push(path) },
    })
    const upload = { location: text as Location, offset: 0 }
    for (const attempt of [
      () => store.read(upload.location),
      () => store.delete([upload.location]),
      () => store.abort(upload),
      () => store.commit(upload),
      () => store.append(upload, chunked(pattern(1), 1)),
    ]) {
      await expect(attempt().then(String)).rejects.toThrow('not one of this store')
    }
    expect(touched).toEqual([])
  })

  test('a source of names that are none is refused', async () => {
    const store = createFilesystemStore({ folder: '/nowhere', newName: () => '../../../etc/passwd' })
    await expect(store.begin(registry)).rejects.toThrow('32 hexadecimal digits')
  })

  test('folders that were removed while the store remembered them are made again', async () => {
    const folder = await freshFolder()
    const store = createFilesystemStore({ folder, newName: () => 'ab'.repeat(16) })
    await store.abort(await store.append(await store.begin(registry), chunked(pattern(10), 10)))
    await rm(join(folder, '7'), { recursive: true })
    const upload = await store.append(await store.begin(registry), chunked(pattern(20), 20))
    expect((await contentOf(store, upload.location))?.length).toBe(20)
    await rm(folder, { recursive: true })
  })

  test('files that are not ours are neither listed nor removed', async () => {
    const folder = await freshFolder()
    const upload = await storeOf(folder).append(await storeOf(folder).begin(registry), chunked(pattern(10), 10))
    await mkdir(join(folder, '7', 'lost+found'))
    await writeFile(join(folder, '7', 'lost+found', 'x'), '')
    const listed: string[] = []
    for await (const { location } of storeOf(folder).list(registry)) listed.push(location)
    expect(listed).toEqual([upload.location])
    await rm(folder, { recursive: true })
  })

  test('a file that lost its end is a storage that does not answer, at the latest when the end is reached', async () => {
    const folder = await freshFolder()
    const store = storeOf(folder)
    for (const size of [10_000, 1_000_000]) {
      const upload = await store.append(await store.begin(registry), chunked(pattern(size), 65_536))
      await truncate(join(folder, upload.location), size - 1)
      await expect(contentOf(store, upload.location, { first: 0, last: size - 1 })).rejects.toThrow(Unavailable)
    }
    await rm(folder, { recursive: true })
  })

  test('a file that is shorter than what was stored gets no hole', async () => {
    const folder = await freshFolder()
    const store = storeOf(folder)
    const upload = await store.append(await store.begin(registry), chunked(pattern(1000), 100))
    await truncate(join(folder, upload.location), 999)
    await expect(store.append(upload, chunked(pattern(10), 10))).rejects.toThrow('holds 999 bytes of 1000')
    await expect(store.commit(upload)).rejects.toThrow('holds 999 bytes of 1000')
    await rm(folder, { recursive: true })
  })

  test('nobody else may read the bytes', async () => {
    const folder = await freshFolder()
    const { location } = await storeOf(folder).append(await storeOf(folder).begin(registry), chunked(pattern(10), 10))
    expect((await stat(join(folder, location))).mode & 0o077).toBe(0)
    expect((await stat(join(folder, '7'))).mode & 0o077).toBe(0)
    await rm(folder, { recursive: true })
  })
})

function storeOf(folder: string) {
  return createFilesystemStore({ folder })
}
