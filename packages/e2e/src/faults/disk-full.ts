import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readAll, Refused } from '../raw/http.ts'
import { manifestOf, openRepository, sha256 } from '../raw/repository.ts'
import type { RawRepository } from '../raw/repository.ts'
import { freePort } from '../runner/server.ts'
import type { Server } from '../runner/server.ts'
import type { Fault } from './fault.ts'

const MIB = 1024 * 1024

export const diskFull: Fault = {
  name: 'disk full',
  script: async ({ step, start, folder }) => {
    const mount = join(folder, 'small')
    mkdirSync(mount)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', mount], { encoding: 'utf8' })
    if (mounted.status !== 0) return step.skip('all of disk full', `no small file system: ${mounted.stderr.trim()}`)
    let server: Server | undefined
    try {
      const ballast = join(mount, 'ballast')
      writeFileSync(ballast, Buffer.alloc(24 * MIB))
      server = await start({
        dataFolder: join(folder, 'data'),
        logFile: join(folder, 'roadstead.log'),
        port: await freePort(),
        environment: { ROADSTEAD_STORAGE: `file://${join(mount, 'blobs')}` },
      })
      const repository = await openRepository(server, 'faults/full')
      const config = randomBytes(200)
      const layer = randomBytes(4 * MIB)

      await step('push while there is room', async () => {
        const layers = [{ digest: await repository.pushBlob(layer), size: layer.length }]
        await repository.pushBlob(config)
        await repository.pushManifest('before', manifestOf(config, layers))
      })
      await step('a push that finds no room is refused with 507 or 503 and a reason', async () => {
        const refusal = await pushUntilRefused(repository)
        assert.ok([503, 507].includes(refusal.status), `answered ${refusal.status}: ${refusal.text}`)
        const body = JSON.parse(refusal.text) as { readonly errors: readonly { readonly code: string; readonly message: string }[] }
        assert.ok((body.errors[0]?.message ?? '') !== '', refusal.text)
      })
      await step('what was there still pulls', async () => {
        await repository.manifest('before')
        assert.equal(sha256(await readAll(await repository.blob(sha256(layer)))), sha256(layer))
      })
      await step('with room again, pushes work again', async () => {
        rmSync(ballast)
        const bytes = randomBytes(4 * MIB)
        await repository.pushBlob(bytes)
        assert.equal(sha256(await readAll(await repository.blob(sha256(bytes)))), sha256(bytes))
      })
    } finally {
      await server?.stop()
      spawnSync('umount', [mount])
    }
  },
}

/** The file system holds 64 MiB: if all of this is accepted, it went somewhere else. */
async function pushUntilRefused(repository: RawRepository): Promise<Refused> {
  for (let count = 0; count < 32; count += 1) {
    try {
      await repository.pushBlob(randomBytes(4 * MIB))
    } catch (error) {
      if (error instanceof Refused) return error
      throw error
    }
  }
  throw new Error('128 MiB fitted into a file system of 64 MiB')
}
