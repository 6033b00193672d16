import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { openRepository, sha256 } from '../raw/repository.ts'
import type { RawRepository } from '../raw/repository.ts'
import { freePort } from '../runner/server.ts'
import type { Server } from '../runner/server.ts'
import type { Fault } from './fault.ts'

const MIB = 1024 * 1024
const PROMISED_MS = 10_000

export const drain: Fault = {
  name: 'SIGTERM',
  script: async ({ step, start, folder }) => {
    const options = { dataFolder: join(folder, 'data'), logFile: join(folder, 'roadstead.log'), port: await freePort() }

    await step('a slow upload and a slow pull in flight are finished', async () => {
      const server = await start(options)
      const repository = await openRepository(server, 'faults/drain')
      const large = randomBytes(32 * MIB)
      await repository.pushBlob(large)
      const upload = repository.sendStream(await repository.beginUpload(), slowly(randomBytes(64 * 1024), 1024, 50))
      const pull = pullSlowly(repository, sha256(large))
      await sleep(500)
      const [code] = await Promise.all([stopInTime(server), upload, pull])
      assert.equal(code, 0, 'exit code')
      assert.equal(await pull, sha256(large))
    })
    await step('a client that never finishes does not hold it up', async () => {
      const server = await start(options)
      const repository = await openRepository(server, 'faults/drain')
      const upload = repository.sendStream(await repository.beginUpload(), slowly(randomBytes(MIB), 100, 100))
      upload.catch(() => undefined)
      await sleep(300)
      await stopInTime(server)
    })
    await step('after that it starts again on the same data', async () => {
      const server = await start(options)
      await (await openRepository(server, 'faults/drain')).pushBlob(Buffer.from('again'))
      await server.stop()
    })
  },
}

async function stopInTime(server: Server): Promise<number | string> {
  const start = performance.now()
  // Some slack for a busy machine: the promise is kept or missed by much more than this.
  const code = await Promise.race([server.stop(), sleep(PROMISED_MS + 2000, 'late', { ref: false })])
  if (code === 'late') await server.kill()
  assert.notEqual(code, 'late', `not ended ${PROMISED_MS / 1000} s after SIGTERM`)
  console.log(`     ended ${Math.round(performance.now() - start)} ms after SIGTERM`)
  return code
}

function slowly(bytes: Buffer, size: number, everyMs: number): Readable {
  return Readable.from(
    (async function* () {
      for (let offset = 0; offset < bytes.length; offset += size) {
        yield bytes.subarray(offset, offset + size)
        await sleep(everyMs)
      }
    })(),
  )
}

/** Reads with pauses, so that the server has to wait for its reader while it drains. */
async function pullSlowly(repository: RawRepository, digest: string): Promise<string> {
  const hash = createHash('sha256')
  let waited = 0
  for await (const chunk of (await repository.blob(digest)).body) {
    hash.update(chunk as Buffer)
    if (waited < 3000) await sleep(20)
    waited += 20
  }
  return `sha256:${hash.digest('hex')}`
}
