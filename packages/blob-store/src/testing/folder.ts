import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareFolder } from '../filesystem/prepare.ts'

/** A prepared folder of its own for one test; who asks for it removes it. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'blob-store-'))
  await prepareFolder(folder)
  return folder
}
