import { rm } from 'node:fs/promises'
import { createFilesystemStore } from './filesystem.ts'
import { describeBlobStore } from './testing/contract.ts'
import { freshFolder } from './testing/folder.ts'

describeBlobStore('filesystem', async () => {
  const folder = await freshFolder()
  return {
    store: createFilesystemStore({ folder }),
    another: () => createFilesystemStore({ folder }),
    close: () => rm(folder, { recursive: true }),
  }
})
