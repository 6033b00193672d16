import { randomInt } from 'node:crypto'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Backend } from '../doubles/backend.ts'
import type { Fault, FaultSession } from '../faults/fault.ts'
import { freePort } from '../runner/server.ts'
import type { Server } from '../runner/server.ts'
import { createArena } from './arena.ts'
import { openHistory } from './history.ts'
import { crashPoints, failPointsOf } from './points.ts'
import { refuseViolations, summarize } from './verdict.ts'

const MIB = 1024 * 1024
const PUSHERS = 8
const PRELOAD = pathToFileURL(resolve(import.meta.dirname, 'preload/main.ts')).href

/** A point that the load does not come to within this time is none. Milliseconds. */
const reachedWithin = 30_000

/** Kills a server on this backend in every crash point and at random moments, under load, and looks at what is left. */
export function crashOn(name: string, startBackend: (folder: string) => Promise<Backend>, missing?: () => string | undefined): Fault {
  return {
    name: `crash ${name}`,
    script: async (session) => {
      const reason = missing?.()
      if (reason !== undefined) return session.step.skip(`all of crash ${name}`, reason)
      const backend = await startBackend(session.folder)
      try {
        await crash(session, backend)
      } finally {
        await backend.stop()
      }
    },
  }
}

async function crash(session: FaultSession, backend: Backend): Promise<void> {
  const { step, counts } = session
  const history = openHistory(join(session.folder, 'history.jsonl'))
  const servers = await startingServers(session, backend)
  const arena = await createArena({
    history,
    target: servers.current,
    pushers: PUSHERS,
    largest: backend.storage === 'filesystem' ? 3 * MIB : 12 * MIB,
    memory: () => (backend.hasRedis ? 0 : servers.count()),
  })
  let kills = 0

  const round = async (title: string, die: (server: Server) => Promise<void>, next: string | undefined): Promise<void> => {
    await step(title, async () => {
      const known = history.violations.length
      await arena.load(() => die(servers.current()))
      kills += 1
      await servers.restart(next)
      await arena.recover()
      refuseViolations(history, known)
    })
  }

  const points = crashPoints.flatMap((point) => {
    if (point.skipped !== undefined) step.skip(`${point.id} ${point.what}`, point.skipped)
    const own = failPointsOf(point, backend.storage, backend.hasRedis, backend.storage !== 'filesystem' && counts.repeats === 1)
    return own.flatMap((text) =>
      Array.from({ length: counts.repeats }, () => ({ title: `${point.id} ${point.what}: ${text}`, text: numbered(text) })),
    )
  })
  await servers.restart(points[0]?.text)
  for (const [index, { title }] of points.entries()) await round(title, dieAtPoint, points[index + 1]?.text)
  await step(`${counts.kills} kills at random`, async () => {
    const known = history.violations.length
    for (let kill = 0; kill < counts.kills; kill += 1) {
      await arena.load(() => dieAtRandom(servers.current()))
      kills += 1
      await servers.restart(undefined)
      await arena.recover()
    }
    refuseViolations(history, known)
  })
  await step(`all that was acknowledged before ${kills} kills`, async () => {
    const known = history.violations.length
    await arena.finish()
    refuseViolations(history, known)
    const { operations, acknowledged, unknown, claims } = summarize(history)
    const beside = claims === 0 ? '' : `, ${claims} uploads held up by a dead writer's claim`
    console.log(
      `     ${backend.name}: ${kills} kills, ${operations} requests, ${acknowledged} pushes acknowledged, ${unknown} answers lost${beside}`,
    )
  })
  await servers.current().stop()
}

/** Which of the calls it is differs from run to run. */
function numbered(text: string): string {
  return text.replace(/(?: losing)?$/, (ending) => ` ${randomInt(1, 4)}${ending}`)
}

async function dieAtPoint(server: Server): Promise<void> {
  const reached = await Promise.race([server.ended, sleep(reachedWithin, 'not reached', { ref: false })])
  if (reached !== 'not reached') return
  await server.kill()
  throw new Error(`the load did not reach this point within ${reachedWithin / 1000} s`)
}

async function dieAtRandom(server: Server): Promise<void> {
  await sleep(randomInt(100, 900))
  await server.kill()
}

interface Servers {
  current(): Server
  /** Counts the servers that there were. */
  count(): number
  restart(failpoint: string | undefined): Promise<void>
}

async function startingServers({ start, folder }: FaultSession, backend: Backend): Promise<Servers> {
  const port = await freePort()
  let count = 0
  const fresh = (failpoint: string | undefined): Promise<Server> => {
    count += 1
    const armed = failpoint === undefined ? {} : { ROADSTEAD_TEST_FAILPOINT: failpoint, NODE_OPTIONS: `--import ${PRELOAD}` }
    const environment = { ...backend.environment, ROADSTEAD_LOG_LEVEL: 'warn', ...armed }
    return start({ dataFolder: join(folder, 'data'), logFile: join(folder, 'roadstead.log'), port, environment })
  }
  let current = await fresh(undefined)
  return {
    current: () => current,
    count: () => count,
    async restart(failpoint) {
      await current.kill()
      current = await fresh(failpoint)
    },
  }
}
