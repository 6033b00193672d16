import { authorize } from '../raw/http.ts'
import type { Target } from '../runner/target.ts'
import { createClient } from './client.ts'
import { popularContents } from './contents.ts'
import type { History } from './history.ts'
import { createPusher } from './pusher.ts'
import type { Pusher, Round } from './pusher.ts'
import { checkAll } from './verdict.ts'
import { shared } from './work.ts'

/** Clients that push, pull and delete, and remember what they were promised. */
export interface Arena {
  /** Everybody works until `during` is over. */
  load(during: () => Promise<void>): Promise<void>
  /** After a crash: looks at what was acknowledged lately. */
  recover(): Promise<void>
  /** Ends all that is under way, then reads all that was ever acknowledged. */
  finish(): Promise<void>
}

export interface ArenaOptions {
  readonly history: History
  readonly target: () => Target
  readonly pushers: number
  /** Bytes of the largest blob. */
  readonly largest: number
  /** Names what remembers upload sessions: another one has forgotten those of the one before. */
  readonly memory: () => number
}

export async function createArena({ history, target, pushers: count, largest, memory }: ArenaOptions): Promise<Arena> {
  const names = Array.from({ length: count }, (_, index) => `crash/p${index + 1}`)
  const authorization = await authorize(target(), shared, ...names)
  const clientNamed = (name: string) => createClient({ name, history, host: () => target().host, authorization })
  const options = { largest, popular: popularContents(largest), memory }
  const pushers: readonly Pusher[] = names.map((repository) => createPusher({ client: clientNamed(repository), repository, ...options }))
  const reader = clientNamed('reader')
  let rounds = 0
  return {
    async load(during) {
      const round: Round = { number: (rounds += 1), over: false }
      const ended = Promise.all(pushers.map((pusher) => pusher.load(round)))
      // A client that fails by itself is a finding; it must not stay unhandled while the others work.
      ended.catch(() => undefined)
      try {
        await during()
      } finally {
        round.over = true
        await ended
      }
    },
    recover: async () => void (await Promise.all(pushers.map((pusher) => pusher.recover()))),
    async finish() {
      await Promise.all(pushers.map((pusher) => pusher.finish()))
      await checkAll(reader, pushers)
    },
  }
}
