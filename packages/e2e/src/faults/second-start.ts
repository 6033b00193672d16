import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openRepository } from '../raw/repository.ts'
import { freePort, launch } from '../runner/server.ts'
import type { ServerOptions } from '../runner/server.ts'
import type { Fault } from './fault.ts'

export const secondStart: Fault = {
  name: 'second start',
  script: async ({ step, start, folder }) => {
    const first = { dataFolder: join(folder, 'data'), logFile: join(folder, 'first.log'), port: await freePort() }
    const server = await start(first)
    await step('on the same data folder: ends at once and says why', async () => {
      const said = await mustEnd({ ...first, port: await freePort(), logFile: join(folder, 'same-folder.log') })
      assert.match(said, /already|in use|another|running/i)
      assert.ok(said.includes(first.dataFolder), `the data folder is not named in: ${said}`)
    })
    await step('on the same port: ends at once and says why', async () => {
      const said = await mustEnd({ ...first, dataFolder: join(folder, 'other'), logFile: join(folder, 'same-port.log') })
      assert.match(said, /already|in use|another/i)
      assert.ok(said.includes(String(first.port)), `the port is not named in: ${said}`)
    })
    await step('the first one noticed nothing', async () => {
      await (await openRepository(server, 'faults/second')).pushBlob(Buffer.from('still here'))
    })
    await server.stop()
  },
}

/** Starts, waits for an end by itself with a code that means failure; answers what it printed. */
async function mustEnd(options: ServerOptions): Promise<string> {
  const { child, ended } = launch(options)
  const code = await Promise.race([ended, sleep(20_000, 'still running', { ref: false })])
  if (code === 'still running') child.kill('SIGKILL')
  const said = readFileSync(options.logFile, 'utf8')
  assert.ok(typeof code === 'number' && code !== 0, `ended with ${code}: ${said}`)
  assert.doesNotMatch(said, /^\s+at .*\.ts:\d+/m, 'a stack trace is not a sentence')
  return said
}
