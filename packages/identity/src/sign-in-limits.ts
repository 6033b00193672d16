import { createHash } from 'node:crypto'
import { RegistryError } from '@roadstead/oci/errors.ts'
import type { RegistryId } from '@roadstead/oci/registry.ts'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes, RLWrapperTimeouts } from 'rate-limiter-flexible'
import { networkOf } from './network.ts'

/** Where a guess is made. */
export interface SignInPlace {
  readonly registry: RegistryId
  readonly account: string
  /** The client's IP address. */
  readonly address: string
}

/**
 * Counts guesses: distinct passwords that had to be tried and did not fit. No count spans addresses, so nobody can lock an account for
 * others; what a crowd of addresses may try together is bounded by the work that hashing makes.
 */
export interface SignInLimits {
  /** Throws TOOMANYREQUESTS, with the seconds to wait, where the place has no guess left. */
  admit(place: SignInPlace): Promise<void>
  /** Takes one guess before it is tried, so that guesses made at once count as well. Throws as `admit` does. */
  charge(place: SignInPlace): Promise<void>
  /** Gives back the guess of one `charge`: it was not tried, or it was no guess. */
  refund(place: SignInPlace): Promise<void>
  /** Somebody who knows the password is there: earlier mistakes with this account no longer count. */
  reset(place: SignInPlace): Promise<void>
}

export interface SignInLimitNumbers {
  /** Guesses at one account from one address. */
  readonly perAccount: number
  /** Guesses at all accounts from one address. */
  readonly perAddress: number
  /** Seconds from the first guess until the count starts again. */
  readonly window: number
}

export const defaultSignInLimits: SignInLimitNumbers = { perAccount: 10, perAddress: 100, window: 300 }

/** Where replicas count together. */
export interface SharedCounts {
  /** An ioredis client, for a single Redis or a cluster. */
  readonly redis: unknown
  /** How long an answer may take before this process counts for itself. Milliseconds. */
  readonly patience?: number
  /** What all keys begin with. */
  readonly keyPrefix?: string
}

/**
 * Counts in this process, where with several replicas each of them grants the full numbers; or, given `shared`, all of them together. While
 * Redis does not answer, each process counts for itself again: sign-in neither stops nor becomes free.
 */
export function createSignInLimits(numbers: SignInLimitNumbers = defaultSignInLimits, shared?: SharedCounts): SignInLimits {
  const { perAccount, perAddress, window } = numbers
  const accounts = counter('account', perAccount, window, shared)
  const addresses = counter('address', perAddress, window, shared)
  const counters = (place: SignInPlace) => [
    { limiter: accounts, points: perAccount, key: accountKey(place) },
    { limiter: addresses, points: perAddress, key: networkOf(place.address) },
  ]
  return {
    async admit(place) {
      for (const { limiter, points, key } of counters(place)) {
        const count = await limiter.get(key)
        if (count !== null && count.msBeforeNext > 0 && count.consumedPoints >= points) throw tooMany(count.msBeforeNext)
      }
    },
    async charge(place) {
      for (const { limiter, key } of counters(place)) await limiter.consume(key).catch(refused)
    },
    async refund(place) {
      await Promise.all(counters(place).map(({ limiter, key }) => limiter.reward(key)))
    },
    async reset(place) {
      await accounts.delete(accountKey(place))
    },
  }
}

function counter(name: string, points: number, duration: number, shared: SharedCounts | undefined) {
  const local = new RateLimiterMemory({ keyPrefix: name, points, duration })
  if (shared === undefined) return local
  const { redis, patience = 100, keyPrefix = 'roadstead:sign-in' } = shared
  const limiter = new RateLimiterRedis({
    storeClient: redis,
    keyPrefix: `${keyPrefix}:1:${name}`,
    points,
    duration,
    rejectIfRedisNotReady: true,
  })
  return new RLWrapperTimeouts({ limiter, timeoutMs: patience, insuranceLimiter: local })
}

/** Hashed, because the account is whatever the caller typed: a megabyte of it must not stay in memory. */
function accountKey({ registry, account, address }: SignInPlace): string {
  const name = createHash('sha256').update(account).digest('base64url')
  return `${registry} ${name} ${networkOf(address)}`
}

/** The library rejects with a plain object where a count is used up, and with an Error where something broke. */
function refused(reason: unknown): never {
  throw reason instanceof RateLimiterRes ? tooMany(reason.msBeforeNext) : reason
}

function tooMany(milliseconds: number): RegistryError {
  const retryAfter = Math.max(1, Math.ceil(milliseconds / 1000))
  return new RegistryError('TOOMANYREQUESTS', `too many failed sign-ins from this address, try again in ${retryAfter} seconds`, {
    retryAfter,
  })
}
