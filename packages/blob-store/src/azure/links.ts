import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { AzureCalls, SigningKey } from './client.ts'
import { nameOf } from './location.ts'
import { withTries } from './tries.ts'
import type { Tries } from './tries.ts'

const minute = 60_000
const hour = 60 * minute

/** How long a key that signs links is asked for. Azure allows seven days; a shorter one is revoked the sooner by a change of roles. */
const keyLife = 6 * hour

/** How far the clocks of this machine and of Azure may be apart. */
const clockDifference = 15 * minute

/** Links that are kept for the next one who asks. */
const keptLinks = 10_000

export interface Linking {
  readonly calls: AzureCalls
  readonly tries: Tries
  readonly prefix: string
  readonly now: () => Date
  /** The store has no account key: links are signed with one that is asked for. */
  readonly byIdentity: boolean
}

/**
 * Links that read one blob. The same link is handed out again as long as half of the time that was asked for is left, and it never lives
 * longer than that time: caches between here and the client recognise it, and a storm of pulls signs once.
 */
export function createLinks({ calls, tries, prefix, now, byIdentity }: Linking): (at: Location, expires: Date) => Promise<URL> {
  const kept = new Map<Location, { readonly url: URL; readonly expires: number }>()
  let asked: Promise<SigningKey> | undefined

  return async (at, asks) => {
    const name = nameOf(prefix, at)
    // What is signed has whole seconds.
    const expires = Math.floor(asks.getTime() / 1000) * 1000
    const time = now().getTime()
    const known = kept.get(at)
    if (known !== undefined && known.expires <= expires && known.expires - time >= (expires - time) / 2) return known.url
    const url = calls.link(name, new Date(expires), byIdentity ? await signingKey(expires, time) : undefined)
    kept.delete(at)
    kept.set(at, { url, expires })
    if (kept.size > keptLinks) kept.delete(kept.keys().next().value!)
    return url
  }

  /** A key that outlives the link: no link is valid longer than the key that signed it. All who need one wait for the same. */
  async function signingKey(linkExpires: number, time: number): Promise<SigningKey> {
    for (;;) {
      asked ??= withTries(tries, (attempt) =>
        calls.signingKey(new Date(time - clockDifference), new Date(Math.max(time + keyLife, linkExpires + minute)), attempt),
      )
      const current = asked
      const key = await current.catch((error: unknown) => {
        if (asked === current) asked = undefined
        throw error
      })
      if (key.expires.getTime() >= linkExpires) return key
      if (asked === current) asked = undefined
    }
  }
}
