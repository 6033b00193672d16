import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { S3Calls } from './calls.ts'
import type { Keys } from './location.ts'

export interface Links {
  /** An address that works until `expires` at most. One that was given out before comes again while half of its life is left. */
  to(at: Location, expires: Date): Promise<URL | undefined>
  forget(at: Location): void
}

interface Link {
  readonly url: URL
  /** Milliseconds since 1970. */
  readonly expires: number
  readonly reusedUntil: number
}

const mostLinks = 10_000
/** Seconds; no signature lives longer. */
const longestLife = 7 * 24 * 3600

export function createLinks(calls: Pick<S3Calls, 'sign'>, keys: Keys, now: () => Date): Links {
  const links = new Map<Location, Link>()

  return {
    async to(at, expires) {
      const time = now().getTime()
      const known = links.get(at)
      if (known !== undefined && time < known.reusedUntil && known.expires <= expires.getTime()) return known.url
      const seconds = Math.min(longestLife, Math.floor((expires.getTime() - time) / 1000))
      if (seconds < 1) return undefined
      const signed = await calls.sign(keys.blob(at), new Date(time), seconds)
      links.delete(at)
      // The oldest one comes first.
      if (links.size >= mostLinks) links.delete(links.keys().next().value!)
      links.set(at, { ...signed, reusedUntil: time + (signed.expires - time) / 2 })
      return signed.url
    },
    forget: (at) => links.delete(at),
  }
}
