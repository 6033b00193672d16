import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkFolder, prepareFolder } from './prepare.ts'

describe('the folder at start-up', () => {
  let parent: string
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'blob-store-'))
  })
  afterEach(() => rm(parent, { recursive: true }))

  test('is made, may be prepared again, by several at once, and keeps nothing of the trial', async () => {
    const folder = join(parent, 'a', 'b')
    await Promise.all([prepareFolder(folder), prepareFolder(folder), prepareFolder(folder)])
    expect(await readdir(folder)).toEqual(['.roadstead-blobs'])
    expect((await checkFolder(folder)).freeBytes).toBeGreaterThan(0)
  })

  test('is refused with a sentence where nothing can be kept', async () => {
    const file = join(parent, 'file')
    await writeFile(file, '')
    await expect(prepareFolder(file)).rejects.toThrow('cannot keep blobs')
    await expect(prepareFolder('/proc')).rejects.toThrow('/proc cannot keep blobs')
  })
})
