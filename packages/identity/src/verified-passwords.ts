import { createHmac, randomBytes } from 'node:crypto'
import { createBoundedWork } from './bounded-work.ts'
import { verifyPassword } from './password.ts'
import { createRecent } from './recent.ts'
import type { Recent } from './recent.ts'
import { createSingleFlight } from './single-flight.ts'

/** A password and the stored texts that it may fit. */
export interface PasswordQuestion {
  readonly registry: number
  readonly account: string
  readonly password: string
  readonly hashes: readonly string[]
}

export interface VerifiedPasswords {
  /** What was found out a short while ago; undefined where the question is new or was forgotten. */
  known(question: PasswordQuestion): boolean | undefined
  /** Hashes the password, in turn with others. Throws TOOMANYREQUESTS where too many wait already. */
  verify(question: PasswordQuestion): Promise<boolean>
}

export interface VerifiedPasswordBounds {
  /** Most answers of either kind that are remembered. */
  readonly entries: number
  /** Seconds that an answer is remembered. */
  readonly lifetime: number
  /** Most passwords that are hashed at the same time; each takes 16 MiB and a thread. */
  readonly atOnce: number
  readonly waiting: number
}

const defaultBounds: VerifiedPasswordBounds = { entries: 10_000, lifetime: 60, atOnce: 2, waiting: 64 }

/**
 * Remembers for a short while which passwords fitted and which did not: CI signs in many times a minute with the same good password, and a
 * forgotten job with the same bad one. The stored texts are part of the question and are read from the database for each sign-in, so a
 * replaced password is a new question at once. Nothing here can be turned back into a password: the key is random for each process.
 */
export function createVerifiedPasswords(now: () => Date, bounds: Partial<VerifiedPasswordBounds> = {}): VerifiedPasswords {
  const { entries, lifetime, atOnce, waiting } = { ...defaultBounds, ...bounds }
  const secret = randomBytes(32)
  const inTurn = createBoundedWork({ atOnce, waiting })
  const once = createSingleFlight<boolean>()
  // Apart, so that a flood of wrong passwords does not push out the right ones. Values are the milliseconds at which they end.
  const right = createRecent<number>({ entries, weight: entries, weigh: () => 1 })
  const wrong = createRecent<number>({ entries, weight: entries, weigh: () => 1 })
  const holds = (answers: Recent<number>, key: string): boolean => {
    const end = answers.get(key)
    if (end !== undefined && end <= now().getTime()) answers.delete(key)
    return end !== undefined && end > now().getTime()
  }
  return {
    known(question) {
      const key = keyOf(secret, question)
      return holds(right, key) ? true : holds(wrong, key) ? false : undefined
    },
    verify(question) {
      const key = keyOf(secret, question)
      return once(key, async () => {
        const fits = await inTurn(() => fitsOne(question))
        const answers = fits ? right : wrong
        answers.set(key, now().getTime() + lifetime * 1000)
        return fits
      })
    },
  }
}

async function fitsOne({ password, hashes }: PasswordQuestion): Promise<boolean> {
  for (const hash of hashes) if (await verifyPassword(password, hash)) return true
  return false
}

/** As JSON, because joined texts could be cut elsewhere and be another question with the same key. */
function keyOf(secret: Buffer, { registry, account, password, hashes }: PasswordQuestion): string {
  return createHmac('sha256', secret)
    .update(JSON.stringify([registry, account, password, hashes]))
    .digest('base64url')
}
