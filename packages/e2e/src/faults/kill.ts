import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { manifestOf, openRepository, sha256 } from '../raw/repository.ts'
import type { RawRepository } from '../raw/repository.ts'
import { freePort } from '../runner/server.ts'
import type { Fault } from './fault.ts'
import { checkPromises, checkUnacknowledged, checkVisible, newLedger } from './ledger.ts'
import type { Ledger } from './ledger.ts'

const ROUNDS = 10
const PUSHERS = 8
const CHUNK = 256 * 1024

/** One push: what a client holds on its own disk, and so can send again. */
interface Push {
  readonly tag: string
  readonly config: Buffer
  readonly layers: readonly Buffer[]
}

export const kill: Fault = {
  name: 'kill -9',
  script: async ({ step, start, folder }) => {
    const options = { dataFolder: join(folder, 'data'), logFile: join(folder, 'roadstead.log'), port: await freePort() }
    const promises = new Map<string, Ledger>()
    let server = await start(options)
    for (let round = 1; round <= ROUNDS; round += 1) {
      const delay = randomInt(100, 900)
      await step(`round ${round}: killed ${delay} ms into ${PUSHERS} pushes, started again`, async () => {
        const name = `faults/kill-${round}`
        const ledger = newLedger()
        promises.set(name, ledger)
        const repository = await openRepository(server, name)
        const crash = { happened: false }
        const pushers = Array.from({ length: PUSHERS }, (_, pusher) => pushUntil(repository, ledger, crash, `pusher${pusher}`))
        // A pusher that fails before the crash is a finding; it must not stay unhandled while we sleep.
        const all = Promise.allSettled(pushers)
        await sleep(delay)
        crash.happened = true
        await server.kill()
        const interrupted = (await all).map((result) => {
          if (result.status === 'rejected') throw result.reason
          return result.value
        })

        server = await start(options)
        const again = await openRepository(server, name)
        await checkPromises(again, ledger)
        await checkVisible(again)
        for (const push of interrupted) {
          for (const bytes of [push.config, ...push.layers]) await checkUnacknowledged(again, sha256(bytes))
          await pushOnce(again, ledger, push)
        }
        await checkPromises(again, ledger)
      })
    }
    await step('what ten rounds acknowledged is all there', async () => {
      for (const [name, ledger] of promises) {
        assert.ok(ledger.tags.size >= PUSHERS, `${name} acknowledged too little to judge by`)
        const repository = await openRepository(server, name)
        await checkPromises(repository, ledger)
        await checkVisible(repository)
      }
    })
    await server.stop()
  },
}

/** Pushes one after another until the crash; answers the push that it interrupted. */
async function pushUntil(repository: RawRepository, ledger: Ledger, crash: { readonly happened: boolean }, name: string): Promise<Push> {
  for (let number = 1; ; number += 1) {
    const push = {
      tag: `${name}-${number}`,
      config: randomBytes(300),
      layers: [randomBytes(randomInt(1, 4 * CHUNK)), randomBytes(randomInt(1, CHUNK))],
    }
    try {
      await pushOnce(repository, ledger, push)
    } catch (error) {
      if (crash.happened) return push
      throw error
    }
  }
}

async function pushOnce(repository: RawRepository, ledger: Ledger, push: Push): Promise<void> {
  for (const bytes of [push.config, ...push.layers]) {
    let location = await repository.beginUpload()
    for (let offset = 0; offset < bytes.length; offset += CHUNK) {
      location = await repository.sendChunk(location, offset, bytes.subarray(offset, offset + CHUNK))
    }
    await repository.finishUpload(location, sha256(bytes))
    ledger.blobs.add(sha256(bytes))
  }
  const layers = push.layers.map((bytes) => ({ digest: sha256(bytes), size: bytes.length }))
  ledger.tags.set(push.tag, await repository.pushManifest(push.tag, manifestOf(push.config, layers)))
}
