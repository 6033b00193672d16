import type { Registry } from '@roadstead/oci/registry.ts'
import type { CredentialFacts } from './credential-facts.ts'
import { unmatchableHash } from './password.ts'
import { adminPrincipal } from './principal.ts'
import type { Principal } from './principal.ts'
import type { SignInLimits, SignInPlace } from './sign-in-limits.ts'
import { createSingleFlight } from './single-flight.ts'
import type { PasswordQuestion, VerifiedPasswords } from './verified-passwords.ts'

export interface Credentials {
  readonly username: string
  readonly password: string
  /** The client's IP address; guesses are counted for each. */
  readonly address: string
}

export interface Authenticator {
  /**
   * Who these credentials belong to; undefined for wrong ones, without a difference in answer or cost between an unknown account, a
   * disabled one and a wrong password. Throws TOOMANYREQUESTS after too many guesses and `Unavailable` when the database does not answer.
   */
  authenticate(registry: Registry, credentials: Credentials): Promise<Principal | undefined>
}

export interface AuthenticatorParts {
  readonly credentials: CredentialFacts
  readonly limits: SignInLimits
  readonly passwords: VerifiedPasswords
}

/** Under this name the facts keep the admin account, whatever its registry is called. */
export const adminAccount = 'admin'

export function createAuthenticator({ credentials: facts, limits, passwords }: AuthenticatorParts): Authenticator {
  const once = createSingleFlight<boolean>()
  // Two, like the passwords of an account, for one process: which texts they are only has to be unknown outside.
  const unmatchable = [unmatchableHash(), unmatchableHash()]

  const fits = async (question: PasswordQuestion, place: SignInPlace): Promise<boolean> => {
    const known = passwords.known(question)
    if (known !== undefined) return known
    // Fifty pulls that a deployment starts at once bring one password: that is one guess, not fifty.
    return once(JSON.stringify([place, question]), async () => {
      await limits.charge(place)
      let guessed = false
      try {
        guessed = !(await passwords.verify(question))
      } finally {
        if (!guessed) await limits.refund(place)
      }
      return !guessed
    })
  }

  return {
    async authenticate(registry, { username, password, address }) {
      const account = asciiLowerCase(username)
      const place = { registry: registry.id, account, address }
      // Asked first even where the answer is remembered: a password in use could otherwise be guessed at full speed.
      await limits.admit(place)
      const stored = await facts.passwords(registry.id, adminAccount)
      const open = registry.adminEnabled && account === asciiLowerCase(registry.name)
      const hashes = [...(open ? stored.map(({ hash }) => hash) : []), ...unmatchable].slice(0, 2)
      if (!(await fits({ registry: registry.id, account, password, hashes }, place))) return undefined
      await limits.reset(place)
      return adminPrincipal(registry)
    },
  }
}

/** Only A to Z: full case folding would let other letters, such as the Kelvin sign, name the account. */
function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
