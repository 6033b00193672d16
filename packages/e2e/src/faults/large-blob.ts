import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { openRepository } from '../raw/repository.ts'
import { residentBytes, treeResidentBytes, watchPeak } from '../runner/memory.ts'
import { freePort } from '../runner/server.ts'
import type { Fault } from './fault.ts'

const MIB = 1024 * 1024
const ALLOWED_GROWTH = 300 * MIB

export const largeBlob: Fault = {
  name: 'large blob',
  script: async ({ step, start, folder, blobBytes }) => {
    const server = await start({ dataFolder: join(folder, 'data'), logFile: join(folder, 'roadstead.log'), port: await freePort() })
    const repository = await openRepository(server, 'faults/large')
    const idle = residentBytes(server.pid)
    const size = `${(blobBytes / MIB).toFixed(0)} MiB`
    const sent = createHash('sha256')
    let digest = ''

    const measured = async (what: string, work: () => Promise<void>): Promise<void> => {
      const peak = watchPeak(() => residentBytes(server.pid))
      const treePeak = watchPeak(() => treeResidentBytes(server.pid), 500)
      const begin = performance.now()
      await work()
      const seconds = (performance.now() - begin) / 1000
      const most = peak()
      const figures = `idle ${mib(idle)}, peak ${mib(most)}, process tree ${mib(treePeak())}`
      console.log(`     ${what}: ${(blobBytes / MIB / seconds).toFixed(0)} MiB/s; resident: ${figures}`)
      assert.ok(most - idle < ALLOWED_GROWTH, `memory grew with the blob: ${figures}`)
    }

    await step(`${size} in, as one stream of unknown length`, () =>
      measured('in', async () => {
        const location = await repository.sendStream(await repository.beginUpload(), generate(blobBytes, sent))
        digest = `sha256:${sent.digest('hex')}`
        await repository.finishUpload(location, digest)
      }),
    )
    await step(`${size} out`, () =>
      measured('out', async () => {
        const received = createHash('sha256')
        for await (const chunk of (await repository.blob(digest)).body) received.update(chunk as Buffer)
        assert.equal(`sha256:${received.digest('hex')}`, digest)
      }),
    )
    await server.stop()
  },
}

const mib = (bytes: number): string => `${Math.round(bytes / MIB)} MiB`

/** Bytes that no compression or deduplication makes smaller, without storing them: a random block, numbered. */
function generate(total: number, hash: ReturnType<typeof createHash>): Readable {
  const block = randomBytes(MIB)
  return Readable.from(
    (function* () {
      for (let offset = 0; offset < total; offset += block.length) {
        const chunk = Buffer.from(block.subarray(0, Math.min(block.length, total - offset)))
        if (chunk.length >= 8) chunk.writeBigUInt64BE(BigInt(offset))
        hash.update(chunk)
        yield chunk
      }
    })(),
  )
}
