import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkBlob, checkTag, noBelongings } from './belongings.ts'
import type { Belongings } from './belongings.ts'
import { Claimed, Lost, Unexpected } from './client.ts'
import type { Client } from './client.ts'
import { nextWork } from './work.ts'
import type { Work, WorkOptions } from './work.ts'

/** A span of time in which clients work: until the server died, or they were told to stop. */
export interface Round {
  readonly number: number
  over: boolean
}

export interface Pusher {
  readonly belongings: Belongings
  /** Works until the round is over. What it was in the middle of then is gone on with in the next one. */
  load(round: Round): Promise<void>
  /** Ends what it is in the middle of, and begins nothing new. */
  finish(): Promise<void>
  /** Looks at what was acknowledged lately, and at what never was. */
  recover(): Promise<void>
}

export interface PusherOptions extends WorkOptions {
  readonly client: Client
  readonly repository: string
}

/** How much of what was acknowledged before a crash is read after it. All of it is read at the end. */
const remembered = 6

/** A client that asks again and again has to get what it wants, once the fault is over. Milliseconds. */
const finishedWithin = 30_000

/** By then the claim of a writer that died is no claim any more. Milliseconds. */
const claimPatience = 11_000

export function createPusher({ client, repository, ...options }: PusherOptions): Pusher {
  const belongings = noBelongings(repository)
  let current: Work | undefined
  /** Work that a dead writer's claim holds up, to be gone on with later. */
  const parked: { readonly work: Work; readonly at: number }[] = []

  /** Tries to end the current work; what was given up counts as ended. */
  const attempt = async (): Promise<void> => {
    try {
      await current!.run()
    } catch (error) {
      if (error instanceof Lost) return await sleep(randomInt(20, 80))
      if (error instanceof Claimed) parked.push({ work: current!, at: performance.now() })
      else if (!(error instanceof Unexpected)) throw error
    }
    current = undefined
  }
  const due = (): Work | undefined =>
    parked.length > 0 && performance.now() - parked[0]!.at > claimPatience ? parked.shift()!.work : undefined

  return {
    belongings,
    async load(round) {
      while (!round.over) {
        current ??= due() ?? nextWork(client, belongings, options, round.number)
        await attempt()
      }
    },
    async finish() {
      const end = performance.now() + finishedWithin
      while (current !== undefined || parked.length > 0) {
        if (performance.now() > end) {
          const key = `blob ${repository} ${current?.blob?.digest}`
          return client.history.violated(`it does not succeed within ${finishedWithin / 1000} s, though the server answers`, key)
        }
        current ??= due()
        if (current === undefined) await sleep(100)
        else await attempt()
      }
    },
    async recover() {
      const blobs = [...belongings.blobs.values()].slice(-remembered)
      const tags = [...belongings.tags].slice(-remembered)
      await patiently(async () => {
        for (const blob of blobs) await checkBlob(client, repository, blob)
        for (const [tag, digest] of tags) await checkTag(client, repository, tag, digest)
        const unacknowledged = current?.blob
        if (unacknowledged !== undefined) await checkBlob(client, repository, unacknowledged, true)
      })
    },
  }
}

/** A connection of the server that died may still be in the pool. */
export async function patiently(check: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await check()
    } catch (error) {
      if (error instanceof Unexpected) return
      if (!(error instanceof Lost) || attempt === 5) throw error
      await sleep(100)
    }
  }
}
