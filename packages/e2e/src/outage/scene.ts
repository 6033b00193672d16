import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createArena } from '../crash/arena.ts'
import { openHistory } from '../crash/history.ts'
import { refuseViolations, summarize } from '../crash/verdict.ts'
import type { FaultSession } from '../faults/fault.ts'
import { freePort } from '../runner/server.ts'
import type { Server } from '../runner/server.ts'
import type { Step } from '../runner/steps.ts'
import { judge } from './judge.ts'
import type { Outage } from './judge.ts'
import { pushExhibits } from './probe.ts'

const MIB = 1024 * 1024
const PUSHERS = 4
const ACCIDENTS = 5

export interface SceneOptions {
  readonly environment: NodeJS.ProcessEnv
  readonly outages: readonly Outage[]
  /** What is looked at besides, after the outages. */
  readonly more?: (step: Step, server: Server) => Promise<void>
  /** Things that happen in a moment, a few times under load, and that clients may not notice. */
  readonly accidents?: readonly { readonly name: string; readonly happen: () => Promise<void> }[]
  /** Names what remembers upload sessions. */
  readonly memory?: () => number
}

/** Lets one dependency after the other fail in every listed way, while clients push and pull; then looks whether anything was lost. */
export async function playOutages({ step, start, folder }: FaultSession, options: SceneOptions): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  const environment = { ROADSTEAD_WORKERS: '1', ROADSTEAD_LOG_LEVEL: 'warn', ...options.environment }
  const server = await start({ dataFolder: join(folder, 'data'), logFile: join(folder, 'roadstead.log'), port, environment })
  const history = openHistory(join(folder, 'history.jsonl'))
  const { memory = () => 0 } = options
  const arena = await createArena({ history, target: () => server, pushers: PUSHERS, largest: 2 * MIB, memory })
  const exhibits = await pushExhibits(server)
  let over: number | string | undefined
  void server.ended.then((code) => (over = code))

  for (const outage of options.outages) {
    await step(outage.name, async () => {
      const known = history.violations.length
      await arena.load(async () => {
        const { refused, slowest, back } = await judge(exhibits, outage)
        console.log(
          `     ${outage.name}: ${refused} times 503, slowest answer ${Math.round(slowest)} ms, back after ${Math.round(back)} ms`,
        )
      })
      refuseViolations(history, known)
      assert.equal(over, undefined, 'the server ended')
    })
  }
  for (const { name, happen } of options.accidents ?? []) {
    await step(name, async () => {
      const known = history.violations.length
      await arena.load(async () => {
        for (let count = 0; count < ACCIDENTS; count += 1) {
          await sleep(300)
          await happen()
        }
      })
      refuseViolations(history, known)
      assert.equal(over, undefined, 'the server ended')
    })
  }
  await options.more?.(step, server)
  await step('nothing that was acknowledged is lost', async () => {
    const known = history.violations.length
    await arena.finish()
    refuseViolations(history, known)
    const { operations, acknowledged, unknown } = summarize(history)
    console.log(`     ${operations} requests beside the outages, ${acknowledged} pushes acknowledged, ${unknown} of unknown outcome`)
  })
  await server.stop()
}
